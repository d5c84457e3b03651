# An order as docs/openapi.yaml shows it.
class OrderSerializer
  PLAIN = %i[id order_number status currency shipping_method payment_method shipping_address billing_address].freeze
  FIGURES = %i[subtotal discount tax shipping total].freeze
  TIMES = %i[created_at paid_at shipped_at delivered_at cancelled_at].freeze

  def initialize(order)
    @order = order
  end

  def as_json(*)
    @order.slice(*PLAIN).merge(
      **FIGURES.index_with { |name| Money.format(@order[name]) },
      **TIMES.index_with { |name| Timestamp.format(@order[name]) },
      items: @order.items.map { |item| OrderItemSerializer.new(item).as_json }
    )
  end
end
