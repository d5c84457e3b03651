# A line of a cart as docs/openapi.yaml shows it.
class CartItemSerializer
  def initialize(item)
    @item = item
  end

  def as_json(*)
    { id: @item.id, product: @item.product.slice(:id, :name, :slug, :sku), quantity: @item.quantity,
      unit_price: Money.format(@item.unit_price), line_total: Money.format(@item.line_total),
      available: @item.available? }
  end
end
