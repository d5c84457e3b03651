# A line of the ledger as docs/openapi.yaml shows it.
class StockMovementSerializer
  PLAIN = %i[id product_id delta reason order_id stock_quantity].freeze

  def initialize(movement)
    @movement = movement
  end

  def as_json(*) = @movement.slice(*PLAIN).merge(created_at: Timestamp.format(@movement.created_at))
end
