# What an order costs, by the table in docs/openapi.yaml: rounded once, for each line, half away from zero, and summed.
# Lines in, figures out; no database.
class OrderTotals
  DISCOUNT_FROM = BigDecimal("200.00")
  DISCOUNT = BigDecimal("0.10")
  TAX = BigDecimal("0.19")
  STANDARD = BigDecimal("4.90")
  FREE_FROM = BigDecimal("50.00")
  EXPRESS = BigDecimal("12.90")
  SHIPPING_METHODS = %w[standard express].freeze

  Line = Data.define(:unit_price, :quantity, :line_total, :discount, :tax, :total)

  attr_reader :lines

  # `items` answer to unit_price and quantity.
  def initialize(items, shipping_method)
    @shipping_method = shipping_method
    @subtotal = items.sum(BigDecimal(0)) { |item| item.unit_price * item.quantity }
    @lines = items.map { |item| line(item.unit_price, item.quantity) }
  end

  # The figures of the order.
  def to_h
    { subtotal: @subtotal, discount:, tax:, shipping:, total: @subtotal - discount + tax + shipping }
  end

  private

  def line(unit_price, quantity)
    line_total = unit_price * quantity
    discount = @subtotal >= DISCOUNT_FROM ? cents(line_total * DISCOUNT) : BigDecimal(0)
    tax = cents((line_total - discount) * TAX)
    Line.new(unit_price:, quantity:, line_total:, discount:, tax:, total: line_total - discount + tax)
  end

  def discount = @lines.sum(BigDecimal(0), &:discount)
  def tax = @lines.sum(BigDecimal(0), &:tax)

  def shipping
    return EXPRESS if @shipping_method == "express"

    @subtotal - discount >= FREE_FROM ? BigDecimal(0) : STANDARD
  end

  def cents(amount) = amount.round(2, BigDecimal::ROUND_HALF_UP)
end
