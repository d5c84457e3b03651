require "spec_helper"
require_relative "../../lib/metrics"

RSpec.describe Metrics do
  describe Metrics::Counter do
    subject(:counter) { described_class.new("jobs_total", "Jobs done.") }

    it "counts by labels" do
      counter.increment({ queue: "default" })
      counter.increment({ queue: "default" }, by: 2)
      counter.increment({ queue: "mailers" })
      expect(counter.lines).to eq(["# HELP jobs_total Jobs done.", "# TYPE jobs_total counter",
                                   'jobs_total{queue="default"} 3', 'jobs_total{queue="mailers"} 1'])
    end

    it "counts without labels" do
      counter.increment
      expect(counter.value).to eq(1)
      expect(counter.lines.last).to eq("jobs_total 1")
    end

    it "loses nothing when many count at once" do
      Array.new(8) { Thread.new { 1000.times { counter.increment } } }.each(&:join)
      expect(counter.value).to eq(8000)
    end
  end

  describe Metrics::Gauge do
    it "looks its values up each time" do
      depth = { { queue: "default" } => 3 }
      gauge = described_class.new("queue_depth", "Jobs that wait.") { depth }
      expect(gauge.lines.last).to eq('queue_depth{queue="default"} 3')
      depth[{ queue: "default" }] = 0
      expect(gauge.lines.last).to eq('queue_depth{queue="default"} 0')
    end
  end

  describe Metrics::Histogram do
    subject(:histogram) { described_class.new("seconds", "Time.", buckets: [0.1, 1]) }

    it "counts what is up to each limit, edges included" do
      [0.05, 0.1, 0.5, 1, 2.5].each { |value| histogram.observe(value, { job: "a" }) }
      expect(histogram.lines).to eq(["# HELP seconds Time.", "# TYPE seconds histogram",
                                     'seconds_bucket{job="a",le="0.1"} 2', 'seconds_bucket{job="a",le="1"} 4',
                                     'seconds_bucket{job="a",le="+Inf"} 5', 'seconds_sum{job="a"} 4.15',
                                     'seconds_count{job="a"} 5'])
    end
  end

  describe Metrics::Labels do
    it "escapes what would end a label" do
      expect(described_class.text({ path: "a\"b\\c\nd" })).to eq('{path="a\"b\\\\c\nd"}')
    end

    it "writes nothing without labels" do
      expect(described_class.text({})).to eq("")
    end
  end

  it "joins everything that was registered to one text" do
    expect(described_class.text).to include("# TYPE http_requests_total counter\n").or eq("")
  end
end
