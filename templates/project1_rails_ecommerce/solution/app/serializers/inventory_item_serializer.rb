# The stock of a product as docs/openapi.yaml shows it to those who keep it.
class InventoryItemSerializer
  PLAIN = %i[sku name active stock_quantity low_stock_threshold views_count].freeze

  def initialize(product)
    @product = product
  end

  def as_json(*) = @product.slice(*PLAIN).merge(product_id: @product.id, low_stock: @product.low_stock?)
end
