require "rails_helper"

RSpec.describe "Mails" do
  include ActionMailer::TestHelper

  def mails = ActionMailer::Base.deliveries

  def run = perform_enqueued_jobs

  before { mails.clear }

  it "tell customers of their orders" do
    user = create(:user, email: "ada@example.com", first_name: "Ada")
    order = create(:order, user:)
    payment = create(:payment, order:)
    data = { reference: payment.provider_reference, amount: payment.amount, currency: "EUR" }
    PaymentEventIntake.new("v1=1", { id: "e", type: "payment.succeeded", data: }).call
    order.reload.move_to!("shipped")
    Notification.order("shipped", order)
    run
    expect(mails.map(&:to)).to eq([["ada@example.com"]] * 3)
    expect(mails.map(&:from)).to all(eq(["shop@example.com"]))
    expect(mails.map(&:subject)).to eq(%w[received paid shipped].map { |word| "Order #{order.order_number} #{word}" })
    expect(mails.first.body.to_s).to eq("Hello Ada,\n\nwe have your order. It is yours as soon as it is paid.\n\n" \
                                        "Order #{order.order_number}, 28.58 EUR\n")
    expect(mails.map(&:mime_type)).to all(eq("text/plain"))
  end

  it "tell vendors of their stock" do
    vendor = create(:user, :vendor, email: "vera@example.com", first_name: "Vera")
    product = create(:product, vendor:, sku: "FG-1", name: "Field guide", stock_quantity: 6)
    Stock.adjust(product, -2, reason: "damage")
    run
    expect(mails.sole).to have_attributes(to: ["vera@example.com"], subject: "Low stock: FG-1")
    expect(mails.sole.body.to_s).to eq("Hello Vera,\n\n4 of Field guide are left; the threshold is 5.\n")
  end

  it "are sent once when their job runs twice" do
    create(:order)
    id = Notification.sole.id
    2.times { MailJob.perform_now(id) }
    expect(mails.size).to eq(1)
  end

  it "are tried again soon, and then less and less often" do
    expect((0..5).map { |count| MailJob.sidekiq_retry_in_block.call(count, nil) }).to eq([5, 10, 30, 60, 256, 625])
    expect(LowStockJob.sidekiq_retry_in_block).to eq(MailJob.sidekiq_retry_in_block)
    expect(MailJob.get_sidekiq_options["retry"]).to eq(12)
  end
end
