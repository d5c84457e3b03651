require_relative "labels"

module Metrics
  # How many observations there were up to each limit, in how much time altogether.
  class Histogram
    BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10].freeze

    Series = Struct.new(:counts, :total)

    def initialize(name, help, buckets: BUCKETS)
      @name = name
      @help = help
      @limits = [*buckets, Float::INFINITY]
      @lock = Mutex.new
      @series = {}
    end

    def observe(value, labels = {})
      bucket = @limits.index { |limit| value <= limit }
      @lock.synchronize do
        series = (@series[labels] ||= Series.new(Array.new(@limits.size, 0), 0.0))
        series.counts[bucket] += 1
        series.total += value
      end
    end

    def lines
      all = @lock.synchronize { @series.to_h { |labels, series| [labels, [series.counts.dup, series.total]] } }
      ["# HELP #{@name} #{@help}", "# TYPE #{@name} histogram",
       *all.flat_map { |labels, (counts, total)| series_lines(labels, counts, total) }]
    end

    private

    def series_lines(labels, counts, total)
      up_to = 0
      buckets = @limits.zip(counts).map do |limit, count|
        le = limit == Float::INFINITY ? "+Inf" : limit
        "#{@name}_bucket#{Labels.text({ **labels, le: })} #{up_to += count}"
      end
      [*buckets, "#{@name}_sum#{Labels.text(labels)} #{total}", "#{@name}_count#{Labels.text(labels)} #{up_to}"]
    end
  end
end
