require "rack"
require_relative "request_id"
require_relative "../metrics"

module Observability
  # One request, observed: its id, its line in the log and its place in the metrics. Outermost of the middleware, so that
  # it sees every answer.
  class Requests
    METHODS = %w[GET HEAD POST PUT PATCH DELETE OPTIONS].freeze
    # The label of a request that matched no route. The path itself would let any visitor create time series without end.
    UNMATCHED = "unmatched".freeze

    COUNT = Metrics.counter("http_requests_total", "Requests answered.")
    DURATION = Metrics.histogram("http_request_duration_seconds", "Time from a request to its answer.")

    def initialize(app, logger: nil)
      @app = app
      @logger = logger
    end

    def call(env)
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      RequestId.with(env["HTTP_X_REQUEST_ID"]) do |id|
        status = 500
        begin
          status, headers, body = @app.call(env)
          [status, headers.merge(RequestId::HEADER.downcase => id), body]
        ensure
          record(env, status, Process.clock_gettime(Process::CLOCK_MONOTONIC) - started)
        end
      end
    end

    private

    def record(env, status, seconds)
      # The method is the visitor's text, too.
      method = METHODS.include?(env["REQUEST_METHOD"]) ? env["REQUEST_METHOD"] : "OTHER"
      route = env["action_dispatch.route_uri_pattern"] || UNMATCHED
      labels = { method:, route:, status: status.to_s }
      COUNT.increment(labels)
      DURATION.observe(seconds, labels)
      logger.add(status >= 500 ? Logger::ERROR : Logger::INFO,
                 { message: "#{method} #{route} #{status}", method:, route:, status:,
                   duration_ms: (seconds * 1000).round(3) })
    end

    def logger = @logger || Rails.logger
  end
end
