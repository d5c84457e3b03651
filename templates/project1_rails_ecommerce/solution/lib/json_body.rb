require "json"
require_relative "problems"

# The body of a request: bytes that ought to be a JSON object.
class JsonBody
  MEDIA_TYPE = "application/json".freeze
  class Malformed < StandardError
  end

  attr_reader :bytes

  def initialize(bytes, content_type)
    @bytes = bytes
    @media_type = content_type.to_s.partition(";").first.strip.downcase
  end

  # Raises what is wrong before anybody asks who sends it: 415 and 400.
  def readable!
    type!
    value
  rescue Malformed
    raise Problems::Error.new(400, "The body is not valid JSON.")
  end

  # Raises 415 for bytes that are said to be something else than JSON.
  def type!
    return if bytes.empty? || @media_type == MEDIA_TYPE

    raise Problems::Error.new(415, "Bodies are #{MEDIA_TYPE}.")
  end

  # The object. Raises 400, or 422 for any other value and for texts that no table can hold.
  def object
    readable!
    raise Problems::Error.new(422, "The body must be a JSON object.") unless value.is_a?(Hash)
    raise Problems::Error.new(422, "A text in the body holds a character that isn't allowed.") unless storable?(value)

    value
  end

  private

  # No body is an object without fields: what is missing is then named field by field.
  def value
    @value ||= [bytes.empty? ? {} : parse].freeze
    @value.first
  end

  def parse
    text = bytes.dup.force_encoding(Encoding::UTF_8)
    raise Malformed unless text.valid_encoding?

    JSON.parse(text)
  rescue JSON::ParserError
    raise Malformed
  end

  # Neither U+0000, which PostgreSQL can't store, nor half of a surrogate pair, which isn't UTF-8.
  def storable?(value)
    case value
    when Hash then value.flatten.all? { |inner| storable?(inner) }
    when Array then value.all? { |inner| storable?(inner) }
    when String then value.valid_encoding? && value.exclude?("\0")
    else true
    end
  end
end
