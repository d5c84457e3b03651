# Sidekiq middleware: the id of a request goes along with the jobs that it causes.
module JobRequestId
  # Where a job is enqueued.
  class Client
    include Sidekiq::ClientMiddleware

    def call(_job_class, job, _queue, _redis)
      job["request_id"] ||= Observability::RequestId.current
      yield
    end
  end

  # Where it runs.
  class Server
    include Sidekiq::ServerMiddleware

    def call(_instance, job, _queue, &)
      Observability::RequestId.with(job["request_id"], &)
    end
  end
end
