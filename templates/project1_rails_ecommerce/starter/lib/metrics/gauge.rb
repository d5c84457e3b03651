require_relative "labels"

module Metrics
  # A figure that is looked up when somebody asks: the block gives a hash of labels to values.
  class Gauge
    def initialize(name, help, &values)
      @name = name
      @help = help
      @values = values
    end

    def lines
      ["# HELP #{@name} #{@help}", "# TYPE #{@name} gauge",
       *@values.call.map { |labels, value| "#{@name}#{Labels.text(labels)} #{value}" }]
    end
  end
end
