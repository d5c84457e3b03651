# A mail that is owed: written in the transaction of what it tells, so that it is owed exactly when that has happened.
# Its job is enqueued after the commit; if Redis isn't there then, the worker finds it later (EnqueueForgottenJob).
class Notification < ApplicationRecord
  belongs_to :order, optional: true
  belongs_to :product, optional: true

  scope :forgotten, -> { where(enqueued_at: nil, sent_at: nil, created_at: ..1.minute.ago) }

  after_create_commit :enqueue

  def self.of_order(kind, order) = create!(kind: "order_#{kind}", order:)
  def self.of_low_stock(product) = create!(kind: "low_stock", product:)

  # Notes it afterwards: a process that ends in between leaves a mail that is enqueued again, not one that nobody knows of.
  # A quick job may hold the row by then. This doesn't wait for it; if the job fails, the mail is enqueued once more.
  def enqueue
    job.perform_later(id)
    free = self.class.where(id:).lock("FOR UPDATE SKIP LOCKED")
    self.class.where(id: free).update_all(enqueued_at: Time.current)
  rescue RedisClient::Error => e
    Rails.logger.warn("notification #{id} waits for Redis: #{e.class}")
  end

  # Runs the block for a mail that wasn't sent yet. The row is locked meanwhile, and a second job for it waits: it may only
  # go away when the mail was sent, and has to send it when the first one fails. A process that is killed in the block has
  # perhaps sent it and doesn't know: such a mail comes twice rather than never.
  def self.send_once(id)
    transaction do
      notification = lock.find_by(id:, sent_at: nil)
      next unless notification

      yield notification
      notification.update!(sent_at: Time.current)
    end
  end

  private

  def job = kind == "low_stock" ? LowStockJob : MailJob
end
