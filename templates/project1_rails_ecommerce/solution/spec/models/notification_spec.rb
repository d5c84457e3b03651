require "rails_helper"

RSpec.describe Notification do
  let(:order) { create(:order) }
  let(:notification) { described_class.find_by!(order:) }

  it "is enqueued after the commit, with its job on its queue" do
    order
    expect(MailJob).to have_been_enqueued.once.with(notification.id).on_queue("mailers")
    expect(notification.enqueued_at).to be_present
    low = described_class.of_low_stock(create(:product))
    expect(LowStockJob).to have_been_enqueued.once.with(low.id).on_queue("default")
  end

  it "isn't enqueued, or owed, when nothing comes of what it tells" do
    expect do
      described_class.transaction do
        described_class.of_low_stock(create(:product))
        raise ActiveRecord::Rollback
      end
    end.not_to have_enqueued_job
    expect(described_class.count).to eq(0)
  end

  it "is owed once for an order" do
    order
    expect { described_class.of_order("received", order) }.to raise_error(ActiveRecord::RecordNotUnique)
  end

  it "waits for Redis, and is found a minute later" do
    allow(MailJob).to receive(:perform_later).and_raise(RedisClient::CannotConnectError)
    order
    expect(notification.enqueued_at).to be_nil
    expect(described_class.forgotten).to eq([])
    travel 61.seconds
    expect(described_class.forgotten).to eq([notification])
    allow(MailJob).to receive(:perform_later).and_call_original
    EnqueueForgottenJob.perform_now
    expect(described_class.forgotten).to eq([])
    expect(MailJob).to have_been_enqueued.once.with(notification.id)
  end

  it "isn't found again when it was sent before it could be noted as enqueued" do
    notification.update!(enqueued_at: nil, sent_at: Time.current, created_at: 2.minutes.ago)
    expect(described_class.forgotten).to eq([])
  end

  it "is sent once, however often its job runs" do
    sent = Array.new(2) { described_class.send_once(notification.id) { |given| given } }
    expect(sent).to eq([true, nil])
    expect(notification.reload.sent_at).to be_present
  end

  it "is owed still when sending fails" do
    expect { described_class.send_once(notification.id) { raise "no" } }.to raise_error("no")
    expect(notification.reload.sent_at).to be_nil
  end

  it "is nothing when it is gone" do
    expect { |block| described_class.send_once(0, &block) }.not_to yield_control
  end

  describe "with several at once" do
    self.use_transactional_tests = false
    after { empty_tables }

    # Holds the row of a mail during the block, as a job does that is at it.
    def held(id)
      holding = Queue.new
      over = Queue.new
      holder = Thread.new do
        described_class.transaction do
          holding << described_class.lock.find(id)
          over.pop
        end
      end
      holding.pop
      yield
    ensure
      over << true
      holder.join
    end

    it "is sent by one of several jobs" do
      id = notification.id
      sent = Queue.new
      at_once(3) do |number|
        described_class.send_once(id) { sleep(0.2) && (sent << number) }
      end
      expect(sent.size).to eq(1)
    end

    it "is sent by the second job when the first one fails" do
      id = notification.id
      sent = Queue.new
      at_once(2) do |number|
        described_class.send_once(id) do
          sent << number
          sleep(0.2)
          raise "no" if sent.size == 1
        end
      rescue RuntimeError
        nil
      end
      expect(sent.size).to eq(2)
      expect(notification.reload.sent_at).to be_present
    end

    it "is sent though its row is held for a moment when its job comes" do
      id = notification.id
      job = nil
      held(id) do
        job = Thread.new { described_class.send_once(id) { |given| given } }
        expect(job.join(0.2)).to be_nil
      end
      expect(job.value).to be(true)
      expect(notification.reload.sent_at).to be_present
    end

    it "is enqueued without waiting for a job that is at it already, and found again should that fail" do
      notification.update!(enqueued_at: nil, created_at: 2.minutes.ago)
      held(notification.id) do
        Timeout.timeout(5) { notification.enqueue }
      end
      expect(MailJob).to have_been_enqueued.twice.with(notification.id)
      expect(described_class.forgotten).to eq([notification])
    end
  end
end
