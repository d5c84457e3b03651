require "json"
require "time"
require_relative "request_id"

module Observability
  # Turns a record into one line of JSON. The message is a text, an exception, or a hash with `message` and more fields.
  class JsonFormatter
    LEVELS = Hash.new("info").merge("DEBUG" => "debug", "WARN" => "warn", "ERROR" => "error", "FATAL" => "fatal")

    def call(severity, time, _program, message)
      entry = { time: time.utc.iso8601(3), level: LEVELS[severity], message: nil, request_id: RequestId.current }
      entry.merge!(fields(message))
      # Bytes that are no text would stop the line from being written.
      "#{JSON.generate(entry.transform_values { |value| value.is_a?(String) ? value.scrub : value })}\n"
    end

    private

    def fields(message)
      case message
      when Hash then message
      when Exception
        { message: "#{message.class}: #{message.message}", exception: message.full_message(highlight: false) }
      else { message: message.to_s.scrub.strip }
      end
    end
  end
end
