require_relative "labels"

module Metrics
  # A figure that only grows.
  class Counter
    def initialize(name, help)
      @name = name
      @help = help
      @lock = Mutex.new
      @values = Hash.new(0)
    end

    def increment(labels = {}, by: 1)
      @lock.synchronize { @values[labels] += by }
    end

    def value(labels = {}) = @lock.synchronize { @values.fetch(labels, 0) }

    def lines
      values = @lock.synchronize { @values.dup }
      ["# HELP #{@name} #{@help}", "# TYPE #{@name} counter",
       *values.map { |labels, value| "#{@name}#{Labels.text(labels)} #{value}" }]
    end
  end
end
