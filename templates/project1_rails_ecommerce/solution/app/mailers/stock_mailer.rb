# What vendors hear of their stock.
class StockMailer < ApplicationMailer
  def low
    product = params.fetch(:product)
    text_to(product.vendor, "Low stock: #{product.sku}",
            "#{product.stock_quantity} of #{product.name} are left; the threshold is #{product.low_stock_threshold}.")
  end
end
