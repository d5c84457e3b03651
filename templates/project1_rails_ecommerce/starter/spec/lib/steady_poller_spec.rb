require "rails_helper"
require "steady_poller"

RSpec.describe SteadyPoller do
  it "lets the thread for second tries live on when Redis is away at the end of its first wait" do
    config = Sidekiq::Config.new
    config.logger = Logger.new(nil)
    config.redis = { url: "redis://127.0.0.1:1" }
    poller = Sidekiq::Scheduled::Poller.new(config)
    poller.terminate # its first wait is over at once
    expect { poller.send(:initial_wait) }.not_to raise_error
  end
end
