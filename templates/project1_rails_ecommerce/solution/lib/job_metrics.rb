require_relative "metrics"

# Sidekiq middleware and gauge: how long jobs take and how they end, and how many wait.
class JobMetrics
  include Sidekiq::ServerMiddleware

  QUEUES = %w[default mailers].freeze
  DURATION = Metrics.histogram("sidekiq_job_duration_seconds", "Time that a job takes.")

  Metrics.gauge("sidekiq_queue_depth", "Jobs that wait.") { depths }

  # No figures while Redis is away; /metrics must answer all the same.
  def self.depths
    QUEUES.to_h { |queue| [{ queue: }, Sidekiq::Queue.new(queue).size] }
  rescue RedisClient::Error => e
    Rails.logger.warn("the depth of the queues is unknown: #{e.class}")
    {}
  end

  def call(_instance, job, _queue)
    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    outcome = "failure"
    yield
    outcome = "success"
  ensure
    seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
    # Active Job wraps its jobs in one class; the one that counts is inside.
    DURATION.observe(seconds, { job: job["wrapped"] || job["class"], outcome: })
  end
end
