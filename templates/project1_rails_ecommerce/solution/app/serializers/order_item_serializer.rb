# A line of an order as docs/openapi.yaml shows it.
class OrderItemSerializer
  PLAIN = %i[line product_id product_name sku category quantity].freeze
  FIGURES = %i[unit_price line_total discount tax total].freeze

  def initialize(item)
    @item = item
  end

  def as_json(*) = @item.slice(*PLAIN).merge(FIGURES.index_with { |name| Money.format(@item[name]) })
end
