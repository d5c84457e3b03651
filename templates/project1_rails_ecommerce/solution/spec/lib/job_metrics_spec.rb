require "rails_helper"
require "sidekiq/api"
require "job_metrics"

RSpec.describe JobMetrics do
  def lines = described_class::DURATION.lines.grep(/_count/)

  it "measures jobs by their class and by how they end" do
    described_class.new.call(nil, { "class" => "Wrapper", "wrapped" => "GoodJob" }, "default") { sleep 0.01 }
    expect do
      described_class.new.call(nil, { "class" => "BadJob" }, "default") { raise "no" }
    end.to raise_error("no")
    expect(lines).to include('sidekiq_job_duration_seconds_count{job="GoodJob",outcome="success"} 1',
                             'sidekiq_job_duration_seconds_count{job="BadJob",outcome="failure"} 1')
    sum = described_class::DURATION.lines.grep(/_sum.*GoodJob/).first[/ ([\d.]+)$/, 1].to_f
    expect(sum).to be_between(0.01, 1)
  end

  it "says how many jobs wait, also when none do" do
    queue = instance_double(Sidekiq::Queue, size: 3)
    allow(Sidekiq::Queue).to receive(:new).with("default").and_return(queue)
    allow(Sidekiq::Queue).to receive(:new).with("mailers").and_return(instance_double(Sidekiq::Queue, size: 0))
    expect(Metrics.text).to include(%(# TYPE sidekiq_queue_depth gauge\nsidekiq_queue_depth{queue="default"} 3\n) +
                                    %(sidekiq_queue_depth{queue="mailers"} 0\n))
  end

  it "says nothing of the queues without Redis" do
    allow(Sidekiq::Queue).to receive(:new).and_raise(RedisClient::CannotConnectError)
    expect(described_class.depths).to eq({})
  end
end
