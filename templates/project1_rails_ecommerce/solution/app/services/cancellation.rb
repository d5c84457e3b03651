# Takes an order back, and its units into the stock, once.
module Cancellation
  def self.call(order)
    Catalogue.change do
      order.lock!("FOR NO KEY UPDATE")
      raise Problems::Conflict, "A payment of this order is under way." if order.payments.pending.exists?

      order.move_to!("cancelled")
      products = Product.lock_in_order(order.items.map(&:product_id))
      order.items.sort_by(&:product_id).each do |item|
        Stock.move(products.fetch(item.product_id), item.quantity, reason: "cancellation", order:)
      end
    end
  end
end
