# Times as the API writes and reads them: RFC 3339 in UTC, ending in Z.
module Timestamp
  INPUT = /\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\z/

  # Nil for what hasn't happened.
  def self.format(time) = time&.utc&.iso8601(6)

  # The time that a text states, or nil if it states none.
  def self.parse(text)
    Time.iso8601(text) if text.is_a?(String) && text.match?(INPUT)
  rescue ArgumentError # the 31st of February
    nil
  end
end
