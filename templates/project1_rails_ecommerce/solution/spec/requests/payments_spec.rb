require "rails_helper"

RSpec.describe "Payments" do
  let(:user) { create(:user) }
  let(:order) { create(:order, user:) }
  let(:headers) { as(user) }
  let(:provider) { FakeProvider.new }

  before { allow(PaymentProvider).to receive(:new).and_return(provider) }

  def pay(order: self.order, key: "k1", headers: self.headers, amount: Money.format(order.total), method: "card", **more)
    post_json "/api/v1/orders/#{order.id}/payments", { amount:, method:, **more },
              headers: { **headers, "Idempotency-Key" => key }.compact
    response.status
  end

  it "are answered once, and repeated word for word" do
    expect(pay).to eq(201)
    first = response.body
    expect(response.headers["Idempotent-Replayed"]).to be_nil
    expect(body).to include("order_id" => order.id, "status" => "pending", "provider_reference" => "ch_1")
    expect(pay).to eq(201)
    expect(response.body).to eq(first)
    expect(response.headers["Idempotent-Replayed"]).to eq("true")
    expect(provider.charges.size).to eq(1)
  end

  it "need a key of 1 to 255 visible characters, before anything else" do
    [nil, "", "x" * 256, "a b", "ä"].each { |key| expect(pay(key:)).to eq(400) }
    expect(pay(key: nil, headers: {})).to eq(400)
    expect(pay(headers: {})).to eq(401)
    expect(pay(key: "!#{'x' * 253}~")).to eq(201)
  end

  it "are of the order's total, as text, with a method that there is" do
    [order.total.to_f, "1", "x", nil].each do |amount|
      expect(pay(amount:)).to eq(422)
      expect(wrong_fields).to eq(["amount"])
    end
    expect(pay(method: "gold", currency: "USD")).to eq(422)
    expect(wrong_fields).to match_array(%w[method currency])
    expect(provider.charges).to eq([])
    expect(pay).to eq(201)
  end

  it "are the owner's: for others there is no such order, and for admins it isn't theirs to pay" do
    expect(pay(headers: as(create(:user)))).to eq(404)
    expect(pay(headers: as(create(:user, :admin)))).to eq(403)
    post_json "/api/v1/orders/0/payments", { amount: "1", method: "card" }, headers: { **headers, "Idempotency-Key" => "k" }
    expect(response).to have_http_status(:not_found)
    expect(provider.charges).to eq([])
  end

  it "are for pending orders" do
    expect(pay(order: create(:order, :cancelled, user:))).to eq(409)
    expect(pay(order: create(:order, :paid, user:))).to eq(409)
  end

  it "wait for a provider of which nothing is known" do
    allow(PaymentProvider).to receive(:new).and_call_original
    allow(Settings.current).to receive(:payment_provider_url).and_return(nil)
    expect(pay).to eq(503)
    expect(response.headers["Retry-After"]).to eq("2")
    expect(body["detail"]).to eq("The payment provider did not answer. Repeat the request with the same key.")
    expect(PaymentProvider).to have_received(:new).with(nil)
  end
end
