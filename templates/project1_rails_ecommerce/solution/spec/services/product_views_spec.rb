require "rails_helper"

RSpec.describe ProductViews do
  let(:products) { create_list(:product, 2) }

  def counts = products.map { |product| product.reload.views_count }

  it "are added to what was counted before" do
    3.times { described_class.count(products[0].id) }
    described_class.count(products[1].id)
    expect(described_class.any?).to be(true)
    described_class.store
    expect(counts).to eq([3, 1])
    described_class.count(products[1].id)
    described_class.store
    described_class.store
    expect(counts).to eq([3, 2])
    expect(described_class.any?).to be(false)
  end

  it "are forgotten with their product" do
    described_class.count(0)
    expect { described_class.store }.not_to raise_error
    expect(described_class.any?).to be(false)
  end

  it "aren't counted without Redis" do
    allow(Shop).to receive(:redis).and_return(Redis.new(url: "redis://127.0.0.1:1/0", reconnect_attempts: 0))
    expect { described_class.count(1) }.not_to raise_error
  end

  describe "stored by several workers at once" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "are added once" do
      ids = products.map(&:id)
      50.times { |number| described_class.count(ids[number % 2]) }
      at_once(4) { described_class.store }
      expect(counts).to eq([25, 25])
    end
  end
end
