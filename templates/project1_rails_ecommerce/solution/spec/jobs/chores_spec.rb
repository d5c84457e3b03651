require "rails_helper"

RSpec.describe Chores do
  it "are nothing most of the time" do
    expect { described_class.enqueue }.not_to have_enqueued_job
  end

  it "are views that were counted" do
    product = create(:product)
    ProductViews.count(product.id)
    expect { described_class.enqueue }.to have_enqueued_job(StoreViewsJob).exactly(:once).on_queue("default")
    perform_enqueued_jobs
    expect(product.reload.views_count).to eq(1)
  end

  it "are mails that could not be enqueued" do
    create(:order)
    Notification.sole.update!(enqueued_at: nil, created_at: 2.minutes.ago)
    expect { described_class.enqueue }.to have_enqueued_job(EnqueueForgottenJob).exactly(:once).on_queue("default")
  end
end
