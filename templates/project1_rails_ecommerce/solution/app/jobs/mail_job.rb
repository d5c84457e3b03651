# Sends one mail that is owed to a customer.
class MailJob < ApplicationJob
  queue_as :mailers

  # A mail server that was away for a moment is asked again soon, one that stays away less and less often.
  sidekiq_options retry: 12
  sidekiq_retry_in { |count, _error| [5, 10, 30, 60][count] || (count**4) }

  def perform(notification_id)
    Notification.send_once(notification_id) { |notification| mail(notification).deliver_now }
  end

  private

  def mail(notification) = OrderMailer.with(order: notification.order).news(notification.kind)
end
