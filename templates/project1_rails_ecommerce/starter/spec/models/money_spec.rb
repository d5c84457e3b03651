require "rails_helper"

RSpec.describe Money do
  it "writes two places" do
    expect(%w[0 0.5 19.9 1234567.89 0.01].map { |text| described_class.format(BigDecimal(text)) })
      .to eq(%w[0.00 0.50 19.90 1234567.89 0.01])
  end

  it "rounds half away from zero" do
    expect(described_class.format(BigDecimal("10.005"))).to eq("10.01")
    expect(described_class.format(BigDecimal("10.0049"))).to eq("10.00")
  end

  it "reads texts with at most two places" do
    expect(described_class.parse("19.9")).to eq(BigDecimal("19.90"))
    expect(described_class.parse("19")).to eq(19)
    expect(described_class.parse("0")).to eq(0)
  end

  it "reads nothing else" do
    not_money = [19.9, 19, nil, "", " 1", "1 ", "-1", "+1", "1e3", "1,50", "1.005", "1.", ".5", "NaN", "0x1", "1\n",
                 "1" * 13]
    expect(not_money.map { |value| described_class.parse(value) }).to all(be_nil)
  end
end
