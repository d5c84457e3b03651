# Adds the views that were counted in Redis to the products.
class StoreViewsJob < ApplicationJob
  queue_as :default

  def perform = ProductViews.store
end
