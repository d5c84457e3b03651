require "rails_helper"

RSpec.describe LoginLimit do
  let(:limit) { described_class.new("ada@example.com") }
  let(:key) { Shop.redis.keys("logins:*").first }

  def refusal
    yield
    nil
  rescue Problems::Error => e
    [e.status, e.headers["retry-after"].to_i]
  end

  it "lets five attempts through within a window" do
    5.times { expect(refusal { limit.take }).to be_nil }
    expect(refusal { limit.take }).to match([429, a_value_between(59, 60)])
  end

  it "doesn't start the window anew with what it refuses" do
    5.times { limit.take }
    Shop.redis.pexpire(key, 20_400)
    expect(refusal { limit.take }).to eq([429, 21])
    Shop.redis.pexpire(key, 1)
    sleep 0.01
    expect(refusal { limit.take }).to be_nil
  end

  it "starts the window with the first attempt" do
    limit.take
    Shop.redis.expire(key, 30)
    limit.take
    expect(Shop.redis.ttl(key)).to be <= 30
  end

  it "forgets what succeeded, and the window with it when nothing failed" do
    limit.take
    limit.give_back
    expect(Shop.redis.keys("logins:*")).to eq([])
    2.times { limit.take }
    limit.give_back
    expect(Shop.redis.get(key)).to eq("1")
  end

  it "makes nothing of a success after the window is over" do
    limit.give_back
    expect(Shop.redis.keys("logins:*")).to eq([])
  end

  it "counts each email by itself, and keeps none" do
    5.times { limit.take }
    expect(refusal { described_class.new("grace@example.com").take }).to be_nil
    expect(Shop.redis.keys("logins:*").join).not_to include("ada")
  end

  it "lets no more than five of many at once through" do
    answers = Array.new(20) { Thread.new { refusal { limit.take } } }.map(&:value)
    expect(answers.count(nil)).to eq(5)
  end

  it "is off without Redis" do
    nowhere = described_class.new("ada@example.com", redis: Redis.new(url: "redis://127.0.0.1:1", reconnect_attempts: 0))
    6.times { expect(refusal { nowhere.take }).to be_nil }
    expect(refusal { nowhere.give_back }).to be_nil
  end
end
