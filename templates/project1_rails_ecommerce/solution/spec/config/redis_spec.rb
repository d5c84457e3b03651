require "rails_helper"

RSpec.describe "The connection to Redis" do
  it "is one for all, and waits a second at most" do
    client = Shop.redis._client
    expect(Shop.redis).to equal(Shop.redis)
    expect([client.connect_timeout, client.read_timeout, client.write_timeout]).to eq([1, 1, 1])
    expect(client.config.retry_connecting?(0, nil)).to be(true)
    expect(client.config.retry_connecting?(1, nil)).to be(false)
  end
end
