# What the worker looks after by itself, at each beat of its heart.
module Chores
  # Enqueues what there is to do; nothing, most of the time.
  def self.enqueue
    Rails.application.executor.wrap do
      StoreViewsJob.perform_later if ProductViews.any?
      EnqueueForgottenJob.perform_later if Notification.forgotten.exists?
    end
  end
end
