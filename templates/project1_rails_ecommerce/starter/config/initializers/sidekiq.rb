# The queue. A job carries the id of the request that caused it, and its log lines show it.
require "job_request_id"
require "operations_server"

Sidekiq.configure_client do |config|
  config.redis = { url: Settings.current.redis_url }
  config.logger = Rails.logger
  config.client_middleware { |chain| chain.add JobRequestId::Client }
end

Sidekiq.configure_server do |config|
  require "steady_poller" # only here: it belongs to the worker

  # It prints to stdout that Linux has no signal INFO, where every line is to be JSON.
  Sidekiq::CLI.prepend(Module.new { private def puts(line) = Rails.logger.info(line) })

  # TODO(m7.4): export queue depth and job duration, see docs/milestones/m7-caching-and-jobs.md
  config.redis = { url: Settings.current.redis_url }
  config.logger = Rails.logger
  config.client_middleware { |chain| chain.add JobRequestId::Client }
  config.server_middleware { |chain| chain.add JobRequestId::Server }

  server = nil
  config.on(:startup) { server = OperationsServer.start("worker", Settings.current.port) }
  config.on(:shutdown) { server&.stop }
end
