# An order as docs/openapi.yaml shows it to project 2.
class ExportedOrderSerializer
  FIGURES = %i[unit_price discount tax total].freeze

  def initialize(order)
    @order = order
  end

  def as_json(*)
    @order.slice(:order_number, :status, :payment_method).merge(
      ordered_at: Timestamp.format(@order.created_at), customer_id: "C-#{@order.user_id}",
      region: @order.shipping_address.fetch("region"), items: @order.items.map { |item| line(item) }
    )
  end

  private

  def line(item)
    item.slice(:line, :product_name, :category, :quantity)
        .merge(product_id: "P-#{item.product_id}", **FIGURES.index_with { |name| Money.format(item[name]) })
  end
end
