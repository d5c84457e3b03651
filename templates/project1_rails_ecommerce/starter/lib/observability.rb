# What every process shows of itself: logs, request ids, metrics.
require "active_support"
require "active_support/logger"
require_relative "observability/json_formatter"
require_relative "observability/request_id"
require_relative "observability/requests"

# Where the parts come together.
module Observability
  def self.logger(stream)
    ActiveSupport::Logger.new(stream, formatter: JsonFormatter.new)
  end
end
