require "rails_helper"

RSpec.describe Charge do
  let(:order) { create(:order) }
  let(:provider) { FakeProvider.new }
  let(:given) { { amount: order.total, method: "card" } }

  def pay(key: "k1", order: self.order, provider: self.provider, **changes)
    described_class.new(order, key, given.merge(changes), provider:).call
  end

  # The status and the headers or fields of what is in the way.
  def refusal(**)
    pay(**)
    nil
  rescue Problems::Error => e
    [e.status, e.errors&.pluck(:field) || e.headers.keys].flatten
  end

  def silent = FakeProvider.new { raise PaymentProvider::Unknown, "no answer" }

  it "asks the provider for what the order costs, with a key of its own" do
    answer = pay
    payment = order.payments.sole
    expect(provider.charges).to eq([{ key: payment.provider_key, amount: Money.format(order.total), currency: "EUR",
                                      order_number: order.order_number, method: "card" }])
    expect(payment.provider_key).to match(/\A\h{8}(-\h{4}){3}-\h{12}\z/)
    expect(answer.replayed).to be(false)
    expect(JSON.parse(answer.text)).to eq(
      "id" => payment.id, "order_id" => order.id, "amount" => Money.format(order.total), "currency" => "EUR",
      "method" => "card", "provider_reference" => "ch_1", "status" => "pending",
      "created_at" => Timestamp.format(payment.created_at)
    )
  end

  it "gives the first answer again, word for word, also when the payment has moved on" do
    first = pay
    order.payments.sole.update!(status: "succeeded")
    order.move_to!("paid")
    second = pay
    expect([second.text, second.replayed]).to eq([first.text, true])
    expect(provider.charges.size).to eq(1)
  end

  it "refuses a key that was used for something else" do
    pay
    other = create(:order, user: order.user)
    expect([refusal(amount: order.total + 1), refusal(method: "wallet"), refusal(order: other)])
      .to all(eq([422, "Idempotency-Key"]))
    expect(provider.charges.size).to eq(1)
  end

  it "keeps the keys of users apart" do
    pay
    other = create(:order)
    expect(refusal(order: other, amount: other.total)).to be_nil
    expect(provider.charges.size).to eq(2)
  end

  it "charges nothing but the total, for which the key may be used again" do
    [order.total + BigDecimal("0.01"), order.total - BigDecimal("0.01")].each do |amount|
      expect(refusal(amount:)).to eq([422, "amount"])
    end
    expect(provider.charges).to eq([])
    expect(refusal).to be_nil
  end

  it "charges for pending orders only, and for one payment at a time" do
    paid = create(:order, :paid, user: order.user)
    expect(refusal(order: paid, amount: paid.total)).to eq([409])
    pay
    expect(refusal(key: "k2")).to eq([409])
    order.payments.sole.update!(status: "succeeded")
    expect(refusal(key: "k2")).to eq([409])
    expect(provider.charges.size).to eq(1)
  end

  it "makes a failed payment of one that is declined, after which another key makes another" do
    declining = FakeProvider.new { |number| PaymentProvider::Charge.new(reference: "no_#{number}", status: "declined") }
    expect(JSON.parse(pay(provider: declining).text)).to include("status" => "failed", "provider_reference" => "no_1")
    expect(pay(provider: declining).replayed).to be(true)
    expect(refusal(key: "k2")).to be_nil
    expect(order.payments.order(:id).pluck(:status)).to eq(%w[failed pending])
  end

  it "leaves the payment open when nothing is known, and asks again with the same key" do
    nobody = silent
    expect(refusal(provider: nobody)).to eq([503, "retry-after"])
    expect(order.payments.sole).to have_attributes(status: "pending", provider_reference: nil, answer: nil)
    expect(refusal(key: "k2")).to eq([409])
    answer = pay
    expect(answer.replayed).to be(false)
    expect(provider.charges.pluck(:key)).to eq(nobody.charges.pluck(:key))
    expect(pay.text).to eq(answer.text)
  end

  it "asks the provider without a transaction and without a lock on the order" do
    depth = ApplicationRecord.connection_pool.with_connection(&:open_transactions)
    seen = nil
    watching = FakeProvider.new do |number|
      seen = ApplicationRecord.connection_pool.with_connection(&:open_transactions)
      PaymentProvider::Charge.new(reference: "ch_#{number}", status: "pending")
    end
    pay(provider: watching)
    expect(seen).to eq(depth)
  end

  describe "with several at once" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "charges once for one key" do
      order
      slow = FakeProvider.new do |number|
        sleep 0.3
        PaymentProvider::Charge.new(reference: "ch_#{number}", status: "pending")
      end
      answers = at_once(5) { refusal(provider: slow) }
      expect(answers.uniq - [nil, [409, "retry-after"]]).to eq([])
      expect(answers.count(nil)).to be >= 1
      expect([slow.charges.size, order.payments.count]).to eq([1, 1])
      expect(pay(provider: slow).replayed).to be(true)
    end

    it "charges once for two keys" do
      order
      answers = at_once(4) { |number| refusal(key: "k#{number}") }
      expect(answers.tally).to eq(nil => 1, [409] => 3)
      expect(provider.charges.size).to eq(1)
    end

    it "gives the key free again, whatever happens" do
      broken = FakeProvider.new { raise "a bug" }
      expect { pay(provider: broken) }.to raise_error("a bug")
      answers = at_once(1) { refusal }
      expect(answers).to eq([nil])
    end

    it "gives the key free when the process that had it is gone" do
      user_id = order.user_id
      other = PG.connect(Settings.current.database_url)
      other.exec_params("SELECT pg_advisory_lock(hashtextextended($1, 0))", ["payment/#{user_id}/k1"])
      expect(refusal).to eq([409, "retry-after"])
      other.close
      sleep 0.1
      expect(refusal).to be_nil
    end
  end
end
