require "rails_helper"

RSpec.describe OrderTotals do
  def totals(*lines, shipping: "standard")
    items = lines.map { |price, quantity| CartItem.new(unit_price: BigDecimal(price), quantity:) }
    described_class.new(items, shipping)
  end

  def figures(...) = totals(...).to_h.transform_values { |amount| amount.to_s("F") }

  def shipping(...) = totals(...).to_h.fetch(:shipping).to_s("F")

  it "are those of the contract's example" do
    order = totals(["19.90", 2], ["89.50", 2])
    expect(order.to_h.transform_values { |amount| Money.format(amount) })
      .to eq(subtotal: "218.80", discount: "21.88", tax: "37.42", shipping: "0.00", total: "234.34")
    expect(order.lines.map do |line|
      line.to_h.transform_values do |value|
        value.is_a?(Integer) ? value : Money.format(value)
      end
    end)
      .to eq([{ unit_price: "19.90", quantity: 2, line_total: "39.80", discount: "3.98", tax: "6.81", total: "42.63" },
              { unit_price: "89.50", quantity: 2, line_total: "179.00", discount: "17.90", tax: "30.61", total: "191.71" }])
  end

  it "have a discount from a subtotal of 200.00 on" do
    expect(figures(["199.99", 1])).to eq(subtotal: "199.99", discount: "0.0", tax: "38.0", shipping: "0.0", total: "237.99")
    expect(figures(["200.00", 1])).to eq(subtotal: "200.0", discount: "20.0", tax: "34.2", shipping: "0.0", total: "214.2")
    expect(figures(["100.00", 1], ["99.99", 1])[:discount]).to eq("0.0")
    expect(figures(["100.00", 1], ["100.00", 1])[:discount]).to eq("20.0")
  end

  it "are rounded for each line, half away from zero" do
    # 0.05 × 0.19 = 0.0095, three times 0.01; of the sum 0.15 it would be 0.03 (0.0285).
    expect(figures(["0.05", 1], ["0.05", 1], ["0.05", 1])[:tax]).to eq("0.03")
    # 0.02 × 0.19 = 0.0038 is nothing, however many lines there are.
    expect(figures(*[["0.02", 1]] * 5)[:tax]).to eq("0.0")
    # 0.50 × 0.19 = 0.095 and 0.05 × 0.10 = 0.005 lie half-way.
    expect(figures(["0.50", 1])[:tax]).to eq("0.1")
    expect(totals(["0.05", 1], ["200.00", 1]).lines.first.discount).to eq(BigDecimal("0.01"))
    expect(totals(["0.04", 1], ["200.00", 1]).lines.first.discount).to eq(0)
  end

  it "have no standard shipping from 50.00 after the discount on" do
    expect(shipping(["49.99", 1])).to eq("4.9")
    expect(shipping(["50.00", 1])).to eq("0.0")
    expect(shipping(["25.00", 1], ["24.99", 1])).to eq("4.9")
  end

  it "have express shipping, whatever it costs otherwise" do
    expect(shipping(["0.01", 1], shipping: "express")).to eq("12.9")
    expect(shipping(["500.00", 1], shipping: "express")).to eq("12.9")
  end

  it "add up" do
    order = totals(["33.33", 7], ["0.01", 99], ["19.99", 3], shipping: "express").to_h
    expect(order[:total]).to eq(order[:subtotal] - order[:discount] + order[:tax] + BigDecimal("12.90"))
    expect(order[:total].to_s("F")).to eq("328.06")
  end
end
