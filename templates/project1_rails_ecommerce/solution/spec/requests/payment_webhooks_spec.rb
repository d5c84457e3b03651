require "rails_helper"

RSpec.describe "The payment provider's webhook" do
  let(:order) { create(:order) }
  let(:payment) { create(:payment, order:) }
  let(:data) { { reference: payment.provider_reference, amount: Money.format(payment.amount), currency: "EUR" } }

  def event(id: "evt_1", type: "payment.succeeded", data: self.data, **more) = { id:, type:, data:, **more }

  def sign(bytes, timestamp, secret: Settings.current.webhook_secret)
    "v1=#{OpenSSL::HMAC.hexdigest('SHA256', secret, "#{timestamp}.#{bytes}")}"
  end

  def deliver(event, at: Time.current, content_type: "application/json", **changes)
    bytes = event.is_a?(String) ? event : event.to_json
    timestamp = changes.fetch(:timestamp, at.to_i.to_s)
    signature = changes.fetch(:signature) { sign(bytes, timestamp) }
    post "/api/v1/webhooks/payments", params: bytes,
                                      headers: { "Content-Type" => content_type, "X-Webhook-Timestamp" => timestamp,
                                                 "X-Webhook-Signature" => signature }.compact
    response.status
  end

  def states = [payment.reload.status, order.reload.status]

  it "makes payment and order paid" do
    freeze_time
    expect(deliver(event(created_at: "2026-03-01T22:31:08Z", livemode: true))).to eq(204)
    expect(states).to eq(%w[succeeded paid])
    expect(order).to have_attributes(paid_at: Time.current, changed_at: Time.current, change_number: 1)
    expect(Notification.where(order:).pluck(:kind)).to eq(%w[order_received order_paid])
  end

  it "makes a payment failed, and leaves the order as it was" do
    expect(deliver(event(type: "payment.failed"))).to eq(204)
    expect(states).to eq(%w[failed pending])
  end

  it "is believed for its signature only" do
    now = Time.current.to_i.to_s
    bytes = event.to_json
    good = sign(bytes, now)
    [{ signature: nil }, { timestamp: nil, signature: good }, { signature: sign(bytes, now, secret: "x" * 32) },
     { signature: good.upcase.sub("V1", "v1") }, { signature: sign("#{bytes} ", now) }, { signature: sign(bytes, "1") }]
      .each do |changes|
        expect(deliver(bytes, timestamp: now, **changes)).to eq(401)
        expect(response.headers["WWW-Authenticate"]).to eq("Signature")
      end
    expect(states).to eq(%w[pending pending])
    expect(deliver(bytes, timestamp: now, signature: good)).to eq(204)
  end

  it "is of now, give or take five minutes" do
    freeze_time
    expect([301, -301].map { |seconds| deliver(event, at: seconds.seconds.ago) }).to eq([401, 401])
    expect(states).to eq(%w[pending pending])
    expect(deliver(event, at: 299.seconds.ago)).to eq(204)
  end

  it "is judged in the contract's order" do
    expect(deliver("{", signature: "v1=#{'0' * 64}")).to eq(401)
    expect(deliver("{", content_type: "text/plain", signature: nil)).to eq(415)
    expect(deliver("{")).to eq(400)
    expect(deliver("[]")).to eq(422)
    expect(deliver('{"id": "\u0000"}')).to eq(422)
  end

  it "names what isn't as the schema says" do
    { event(id: "") => ["id"], event(type: 1) => ["type"], event(data: []) => ["data"],
      event(created_at: "now") => ["created_at"],
      event(id: "x" * 256, type: "x" * 101) => %w[id type],
      event(data: { reference: 1, amount: 5 }) => %w[data.reference data.amount data.currency],
      event(data: data.merge(amount: "1.234")) => ["data.amount"], {} => %w[id type data] }.each do |event, fields|
      expect(deliver(event)).to eq(422)
      expect(wrong_fields).to match_array(fields)
    end
    expect(PaymentEvent.count).to eq(0)
  end

  it "refuses a replay, and takes an event once, however often it is delivered" do
    freeze_time
    expect([deliver(event), deliver(event)]).to eq([204, 409])
    travel 1.second
    expect([deliver(event), deliver(event)]).to eq([204, 409])
    expect([PaymentEvent.count, order.reload.change_number]).to eq([1, 1])
  end

  it "doesn't take in what it can't place, so that it may come again" do
    unknown = event(data: data.merge(reference: "late"))
    expect(deliver(unknown)).to eq(404)
    payment.update!(provider_reference: "late")
    expect(deliver(unknown)).to eq(204)
    expect(states).to eq(%w[succeeded paid])
  end

  it "compares amount and currency" do
    [{ amount: "0.01" }, { currency: "USD" }].each do |wrong|
      expect(deliver(event(data: data.merge(wrong)))).to eq(422)
      expect(wrong_fields).to eq(["data.#{wrong.keys.first}"])
    end
    expect([states, PaymentEvent.count]).to eq([%w[pending pending], 0])
    expect(deliver(event)).to eq(204)
  end

  it "has no effect once the payment has ended" do
    deliver(event)
    expect(deliver(event(id: "evt_2", type: "payment.failed"))).to eq(204)
    expect(states).to eq(%w[succeeded paid])
    expect(deliver(event(id: "evt_3"))).to eq(204)
    expect(order.reload.change_number).to eq(1)
  end

  it "makes nothing of other events, whatever they hold" do
    expect(deliver(event(type: "charge.updated", data: { reference: 5, more: [nil] }))).to eq(204)
    expect(states).to eq(%w[pending pending])
    expect(PaymentEvent.sole).to have_attributes(event_id: "evt_1", kind: "charge.updated")
  end

  describe "at the same moment" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "has its effect once" do
      given = PaymentEventForm.read(event.as_json)
      answers = at_once(6) do |number|
        PaymentEventIntake.new("v1=#{number / 2}", given).call
        :taken
      rescue PaymentEventIntake::Replayed
        :replayed
      end
      expect(answers.tally).to eq(taken: 3, replayed: 3)
      expect(Notification.where(kind: "order_paid").count).to eq(1)
      expect(order.reload).to have_attributes(status: "paid", change_number: 1)
    end
  end
end
