require "rails_helper"

RSpec.describe Rules do
  def refusal(rule, value)
    rule.call(value)
    nil
  rescue described_class::Refused => e
    e.message
  end

  def refused?(rule, value) = !refusal(rule, value).nil?

  it "takes texts by their length as they came, and stores them without white space around them" do
    rule = described_class.text(2..4)
    expect(rule.call(" a\u00a0")).to eq("a")
    expect(["ab", "abcd", "ä€"].map { |text| rule.call(text) }).to eq(["ab", "abcd", "ä€"])
    expect(["a", "abcde", "  ", 12, nil, ["ab"]].map { |value| refusal(rule, value) })
      .to all(eq("must be a text of 2 to 4 characters"))
  end

  it "lets a text be empty where it may be" do
    expect(described_class.text(0..4).call("  ")).to eq("")
  end

  it "holds texts to a pattern" do
    rule = described_class.text(1..9, pattern: /\A[a-z]+\z/, message: "must be small")
    expect(rule.call("abc")).to eq("abc")
    expect(refusal(rule, "abC")).to eq("must be small")
  end

  it "takes secrets as they are" do
    rule = described_class.secret(2..4)
    expect(rule.call("  a ")).to eq("  a ")
    expect([1, "a", "abcde", nil].map { |value| refusal(rule, value) }).to all(eq("must be a text of 2 to 4 characters"))
  end

  it "takes whole numbers, which JSON Schema lets end in .0" do
    rule = described_class.integer(1..99)
    expect([1, 99, 5.0].map { |value| rule.call(value) }).to eq([1, 99, 5])
    expect(rule.call(5.0)).to be_an(Integer)
    [0, 100, 1.5, Float::INFINITY, Float::NAN, "5", nil, true].each do |value|
      expect(refusal(rule, value)).to eq("must be a whole number from 1 to 99")
    end
  end

  it "takes ids up to what a bigint holds" do
    expect(described_class.id.call((2**63) - 1)).to eq((2**63) - 1)
    expect([0, -1, 2**63].map { |value| refused?(described_class.id, value) }).to all(be(true))
  end

  it "takes true and false, and one of a few" do
    expect([true, false].map { |value| described_class.boolean.call(value) }).to eq([true, false])
    expect(["true", 1, 0, nil].map { |value| refusal(described_class.boolean, value) }).to all(eq("must be true or false"))
    expect(described_class.choice(%w[a b]).call("b")).to eq("b")
    expect(["c", nil, 1, ["a"]].map { |value| refusal(described_class.choice(%w[a b]), value) })
      .to all(eq("must be one of a, b"))
  end

  it "takes money as text, within its range" do
    rule = described_class.money(BigDecimal("0.01")..BigDecimal("99.99"))
    expect(%w[0.01 19.9 99.99].map { |text| rule.call(text) }).to eq([BigDecimal("0.01"), BigDecimal("19.9"),
                                                                      BigDecimal("99.99")])
    ["0.00", "100", 19.9, "-1", "1e1", "1.999", nil].each do |value|
      expect(refusal(rule, value)).to eq("must be a decimal number as text, from 0.01 to 99.99")
    end
  end

  it "takes lists up to their longest, each value by its rule" do
    rule = described_class.list(2, described_class.text(1..3), "must be short")
    expect(rule.call([" a", "b"])).to eq(%w[a b])
    expect(rule.call([])).to eq([])
    expect([%w[a b c], ["abcd"], [nil], "a", nil, { "a" => 1 }].map { |value| refusal(rule, value) })
      .to all(eq("must be short"))
  end

  it "takes ids of what is there" do
    category = create(:category)
    rule = described_class.id_in("must be a category") { Category }
    expect(rule.call(category.id)).to eq(category.id)
    expect([category.id + 1, 2**63].map { |value| refused?(rule, value) }).to all(be(true))
    expect(refusal(rule, category.id + 1)).to eq("must be a category")
  end

  it "takes times and objects" do
    expect(described_class.time.call("2026-03-01T09:00:00.5Z")).to eq(Time.utc(2026, 3, 1, 9, 0, 0.5r))
    expect(refusal(described_class.time, "2026-03-01")).to eq("must be a time such as 2026-03-01T09:00:00Z")
    expect(described_class.object.call({ "a" => 1 })).to eq("a" => 1)
    expect(refusal(described_class.object, [])).to eq("must be an object")
  end

  it "takes null where that is said" do
    rule = described_class.nullable(described_class.integer(1..2))
    expect([nil, 1].map { |value| rule.call(value) }).to eq([nil, 1])
    expect(refused?(rule, 3)).to be(true)
  end
end
