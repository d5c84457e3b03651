require "sidekiq/scheduled"

# Sidekiq's thread for second tries dies for good when Redis is away at the end of its first wait (0 to 15 seconds after
# the start): the tidying-up that follows is the one call to Redis there that nothing guards. Until the next restart no
# failed job would be tried again, and SIGTERM would end the worker with an error.
module SteadyPoller
  private

  def cleanup
    super
  rescue RedisClient::Error, ConnectionPool::TimeoutError => e
    logger.warn("dead processes were not tidied up: #{e.class}")
    0
  end
end

Sidekiq::Scheduled::Poller.prepend(SteadyPoller)
