# The only one that changes stock, always together with its ledger.
module Stock
  LARGEST = 1_000_000

  # Changes the stock of a product that the caller has locked, and gives the entry in the ledger. The vendor is told when
  # it falls to the threshold; only the change that crosses it sees it cross.
  def self.move(product, delta, reason:, order: nil)
    before = product.stock_quantity
    product.update!(stock_quantity: before + delta)
    movement = product.stock_movements.create!(delta:, reason:, order:, stock_quantity: product.stock_quantity)
    Notification.of_low_stock(product) if before > product.low_stock_threshold && product.low_stock?
    movement
  end

  # A vendor's own change. Raises a conflict if the stock would be negative or too large.
  def self.adjust(product, delta, reason:)
    Catalogue.change do
      product.lock!("FOR NO KEY UPDATE")
      unless (product.stock_quantity + delta).between?(0, LARGEST)
        raise Problems::Conflict.new("The stock can't be changed by that much.",
                                     fields: { delta: "#{product.stock_quantity} in stock" })
      end

      move(product, delta, reason:)
    end
  end
end
