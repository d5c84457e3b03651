# How many logins for one email may fail within a window, counted in Redis over all web processes.
#
# An attempt is counted before the password is looked at, in one atomic step: with counting afterwards, any number of
# parallel guesses would get in before the first is known to have failed. A login that succeeds is taken back out.
class LoginLimit
  FAILURES = 5
  WINDOW_SECONDS = 60

  # Both return {1, …} when the attempt may go on, {0, milliseconds until the window ends} when it may not.
  TAKE = <<~LUA.freeze
    local taken = tonumber(redis.call('GET', KEYS[1]) or '0')
    if taken >= tonumber(ARGV[1]) then return {0, redis.call('PTTL', KEYS[1])} end
    redis.call('INCR', KEYS[1])
    if taken == 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
    return {1, 0}
  LUA
  # The window starts with the first failure, so one without any is over.
  GIVE_BACK = <<~LUA.freeze
    if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('DECR', KEYS[1]) <= 0 then redis.call('DEL', KEYS[1]) end
  LUA

  def initialize(email, redis: Shop.redis)
    @key = "logins:#{Digest::SHA256.hexdigest(email)}"
    @redis = redis
  end

  # Counts an attempt; raises 429 if there were too many. Without Redis everybody may try.
  def take
    allowed, milliseconds = @redis.eval(TAKE, keys: [@key], argv: [FAILURES, WINDOW_SECONDS])
    too_many(milliseconds) if allowed.zero?
  rescue Redis::BaseError => e
    Rails.logger.warn("the limit on logins is off: #{e.class}")
  end

  # The attempt was none to worry about.
  def give_back
    @redis.eval(GIVE_BACK, keys: [@key])
  rescue Redis::BaseError => e
    Rails.logger.warn("the limit on logins is off: #{e.class}")
  end

  private

  def too_many(milliseconds)
    seconds = (milliseconds / 1000.0).ceil.clamp(1, WINDOW_SECONDS)
    raise Problems::Error.new(429, "Too many failed logins. Try again later.", headers: { "retry-after" => seconds.to_s })
  end
end
