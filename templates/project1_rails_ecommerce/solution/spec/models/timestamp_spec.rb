require "rails_helper"

RSpec.describe Timestamp do
  it "is written in UTC with a Z" do
    time = Time.new(2026, 3, 1, 10, 0, 0.25r, "+01:00")
    expect(described_class.format(time)).to eq("2026-03-01T09:00:00.250000Z")
    expect(described_class.format(nil)).to be_nil
  end

  it "is read in the same form, and in no other" do
    expect(described_class.parse("2026-03-01T09:00:00Z")).to eq(Time.utc(2026, 3, 1, 9))
    ["2026-03-01", "2026-03-01T09:00:00+01:00", "2026-02-31T25:00:00Z", "", nil, 5, "2026-03-01T09:00:00Z\n"].each do |text|
      expect(described_class.parse(text)).to be_nil
    end
  end
end
