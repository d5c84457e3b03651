require "rails_helper"

RSpec.describe Slug do
  it "is made of small letters, digits and single hyphens" do
    { "Field guides" => "field-guides", "  Ä & Ö_ß!  " => "a-o-ss", "C++ 2nd" => "c-2nd", "Été" => "ete", "a--b" => "a-b",
      "日本 1" => "1" }.each { |name, slug| expect(described_class.from(name)).to eq(slug) }
  end

  it "isn't made of nothing" do
    ["!!!", "日本", "-"].each { |name| expect(described_class.from(name)).to be_nil }
  end

  it "has at most 120 characters, and no hyphen where it was cut" do
    expect(described_class.from("a" * 130)).to eq("a" * 120)
    expect(described_class.from("#{'a' * 119} b")).to eq("a" * 119)
  end
end
