require "rails_helper"

RSpec.describe QueryParameters do
  def query(values) = described_class.new(ActionController::Parameters.new(values))

  def complaint(values)
    reader = query(values)
    yield reader
    reader.validate!
    nil
  rescue Problems::Invalid => e
    e.errors
  end

  it "takes the default for what isn't there" do
    reader = query({})
    expect(reader.integer(:page, default: 1, range: 1..10)).to eq(1)
    expect(reader.choice(:sort, %w[a b], default: "a")).to eq("a")
    expect(reader.price(:min_price)).to be_nil
    expect(reader.text(:category, longest: 3)).to be_nil
    expect { reader.validate! }.not_to raise_error
  end

  it "reads whole numbers within their range, in the decimal system" do
    expect(query(page: "10").integer(:page, default: 1, range: 1..10)).to eq(10)
    expect(query(page: "010").integer(:page, default: 1, range: 1..10)).to eq(10)
    ["0", "11", "1.5", "x", "", "1e1", "0x5"].each do |page|
      expect(complaint(page:) { |reader| reader.integer(:page, default: 1, range: 1..10) })
        .to eq([{ field: "page", message: "must be a whole number from 1 to 10" }])
    end
  end

  it "reads texts up to their longest" do
    expect(query(category: "abc").text(:category, longest: 3)).to eq("abc")
    ["", "abcd", "a\0"].each do |category|
      expect(complaint(category:) { |reader| reader.text(:category, longest: 3) }).to be_present
    end
  end

  it "reads one of a few values" do
    expect(query(sort: "b").choice(:sort, %w[a b], default: "a")).to eq("b")
    expect(complaint(sort: "c") { |reader| reader.choice(:sort, %w[a b], default: "a") })
      .to eq([{ field: "sort", message: "must be one of a, b" }])
  end

  it "refuses lists and hashes" do
    [%w[1], { a: "1" }].each do |value|
      expect(complaint(min_price: value) { |reader| reader.price(:min_price) }).to be_present
    end
  end

  it "names every wrong parameter at once, each with its first complaint" do
    errors = complaint(page: "x", min_price: "y") do |reader|
      reader.integer(:page, default: 1, range: 1..10)
      reader.price(:min_price)
      reader.error(:min_price, "is strange as well")
    end
    expect(errors.pluck(:field)).to eq(%w[page min_price])
    expect(errors.last[:message]).to eq("must be a decimal number with at most two places")
  end
end
