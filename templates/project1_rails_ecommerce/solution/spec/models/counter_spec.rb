require "rails_helper"

RSpec.describe Counter do
  it "counts each name from 1, and nothing before that" do
    expect(described_class.current("a")).to eq(0)
    expect(Array.new(3) { described_class.next("a") }).to eq([1, 2, 3])
    expect(described_class.next("b")).to eq(1)
    expect(described_class.current("a")).to eq(3)
  end

  describe "with several at once" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "makes the next one wait until the number before is visible" do
      drawn = Queue.new
      other = nil
      described_class.transaction do
        described_class.next("a")
        other = Thread.new do
          Rails.application.executor.wrap { drawn << described_class.next("a") }
        end
        sleep 0.2
        expect(drawn).to be_empty
      end
      other.join
      expect(drawn.pop).to eq(2)
    end
  end
end
