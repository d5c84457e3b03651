# Enqueues the mails that could not be enqueued when they were due, because Redis was away. The worker's heartbeat asks.
class EnqueueForgottenJob < ApplicationJob
  queue_as :default

  def perform = Notification.forgotten.find_each(&:enqueue)
end
