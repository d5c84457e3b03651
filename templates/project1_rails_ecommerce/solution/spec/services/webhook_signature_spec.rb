require "rails_helper"

RSpec.describe WebhookSignature do
  let(:signatures) { described_class.new("whsec_example") }
  let(:example) do
    { timestamp: "1772355600", body: '{"id":"evt_1"}',
      signature: "v1=1e1d14b4587048bb6b9d438d4f357be498595a90aaec81e4db4068a4ad88d338" }
  end

  def valid?(now: 1_772_355_600, **changes) = signatures.valid?(**example, **changes, now: Time.zone.at(now))

  it "is that of the contract's example" do
    expect(valid?).to be(true)
  end

  it "is of now, give or take 300 seconds" do
    expect([-300, 300].map { |seconds| valid?(now: 1_772_355_600 + seconds) }).to eq([true, true])
    expect([-301, 301].map { |seconds| valid?(now: 1_772_355_600 + seconds) }).to eq([false, false])
  end

  it "is over the raw bytes, whatever they are" do
    body = "\xff\x00{".b
    signature = "v1=#{OpenSSL::HMAC.hexdigest('SHA256', 'whsec_example', '1772355600.'.b + body)}"
    expect(valid?(body:, signature:)).to be(true)
  end

  it "is refused when a byte of the body, the timestamp or the signature was changed" do
    expect(valid?(body: '{"id":"evt_2"}')).to be(false)
    expect(valid?(timestamp: "1772355601")).to be(false)
    expect(valid?(signature: example[:signature].sub("1e", "1f"))).to be(false)
  end

  it "is refused with another secret" do
    expect(described_class.new("another").valid?(**example, now: Time.zone.at(1_772_355_600))).to be(false)
  end

  it "is refused in any other form" do
    hex = example[:signature].delete_prefix("v1=")
    [nil, "", hex, "v1=#{hex.upcase}", "v2=#{hex}", "v1=#{hex}0", "v1=#{hex[..-2]}", " v1=#{hex}", "v1=#{hex}\n"]
      .each { |signature| expect(valid?(signature:)).to be(false) }
    [nil, "", "now", "1772355600.0", "-1772355600", "1" * 13, "1772355600\n"].each do |timestamp|
      expect(valid?(timestamp:)).to be(false)
    end
  end
end
