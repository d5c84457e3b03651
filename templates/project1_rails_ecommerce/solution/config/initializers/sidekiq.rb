# The queue. A job carries the id of the request that caused it, and its log lines show it.
require "job_request_id"
require "operations_server"

Sidekiq.configure_client do |config|
  config.redis = { url: Settings.current.redis_url }
  config.logger = Rails.logger
  config.client_middleware { |chain| chain.add JobRequestId::Client }
end

Sidekiq.configure_server do |config|
  # Only here: the figures of jobs are the worker's.
  require "sidekiq/api"
  require "job_metrics"
  require "steady_poller"

  # It prints to stdout that Linux has no signal INFO, where every line is to be JSON.
  Sidekiq::CLI.prepend(Module.new { private def puts(line) = Rails.logger.info(line) })

  config.redis = { url: Settings.current.redis_url }
  config.logger = Rails.logger
  config.client_middleware { |chain| chain.add JobRequestId::Client }
  config.server_middleware do |chain|
    chain.add JobRequestId::Server
    chain.add JobMetrics
  end
  # How often it looks for jobs whose second try is due. There are one or two workers, which Redis doesn't notice.
  config[:poll_interval_average] = 2

  server = nil
  config.on(:startup) { server = OperationsServer.start("worker", Settings.current.port) }
  config.on(:shutdown) { server&.stop }
  # Every ten seconds: what has no request to cause it.
  config.on(:beat) { Chores.enqueue }
end
