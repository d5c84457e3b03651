# Figures for Prometheus, in its text format. They live in the memory of one process, which is why each process serves
# its own /metrics.
require_relative "metrics/counter"
require_relative "metrics/gauge"
require_relative "metrics/histogram"

# Where metrics are made and read.
module Metrics
  CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8".freeze

  @all = []

  class << self
    def counter(name, help) = register(Counter.new(name, help))
    def gauge(name, help, &) = register(Gauge.new(name, help, &))
    def histogram(name, help, buckets: Histogram::BUCKETS) = register(Histogram.new(name, help, buckets:))

    # Everything that was counted, as text.
    def text = @all.map { |metric| "#{metric.lines.join("\n")}\n" }.join

    private

    def register(metric)
      @all << metric
      metric
    end
  end
end
