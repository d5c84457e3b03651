# Views of products, counted in Redis, because a page that is read often must not write to the database. The worker's
# heartbeat adds them to products.views_count.
module ProductViews
  KEY = "product_views".freeze
  # Reads a field and removes it in one step: several workers may store at once.
  TAKE = <<~LUA.freeze
    local views = redis.call('HGET', KEYS[1], ARGV[1])
    redis.call('HDEL', KEYS[1], ARGV[1])
    return views
  LUA

  class << self
    # Without Redis a view isn't counted; nobody's page waits for that.
    def count(product_id)
      Shop.redis.hincrby(KEY, product_id, 1)
    rescue Redis::BaseError => e
      Rails.logger.warn("a view isn't counted: #{e.class}")
    end

    def any? = Shop.redis.exists?(KEY)

    # Adds what was counted since the last time. A worker that is killed here loses the views of one product.
    def store
      Shop.redis.hkeys(KEY).each do |id|
        views = Shop.redis.eval(TAKE, keys: [KEY], argv: [id]).to_i
        # One product a statement: a statement for several would lock them in an order of its own.
        Product.where(id:).update_all(["views_count = views_count + ?", views])
      end
    end
  end
end
