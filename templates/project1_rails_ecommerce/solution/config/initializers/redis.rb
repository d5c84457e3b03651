# The application's own connection to Redis, for counters. The cache and the queue have theirs.
module Shop
  # One for all threads: it lets one command through at a time, and each is short. Nobody waits for a Redis that is gone.
  def self.redis
    @redis ||= Redis.new(url: Settings.current.redis_url, timeout: 1, reconnect_attempts: 1)
  end
end
