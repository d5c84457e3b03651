# Tells a vendor that a product is running out.
class LowStockJob < ApplicationJob
  queue_as :default

  # TODO(m5.5): enqueue it once for each time the stock falls to the threshold, see docs/milestones/m5-inventory.md
  # TODO(m7.3): mail the vendor, see docs/milestones/m7-caching-and-jobs.md
  def perform(product); end
end
