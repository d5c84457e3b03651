# What the value of a field may be. A rule takes what JSON held and gives what is stored; it refuses anything else by
# raising Refused with a sentence's end: "must be …".
module Rules
  class Refused < StandardError
  end

  WHITE_SPACE = /\A[[:space:]]+|[[:space:]]+\z/
  BIGINT = (1..9_223_372_036_854_775_807)

  module_function

  # A text whose length, as it came, lies in `length`; stored without white space around it.
  def text(length, pattern: //, message: "must be a text of #{length.min} to #{length.max} characters")
    lambda do |value|
      refuse(message) unless value.is_a?(String) && length.cover?(value.length) && value.match?(pattern)
      stripped = value.gsub(WHITE_SPACE, "")
      refuse(message) if stripped.empty? && length.min.positive?
      stripped
    end
  end

  # A text that is taken as it is.
  def secret(length, message: "must be a text of #{length.min} to #{length.max} characters")
    ->(value) { value.is_a?(String) && length.cover?(value.length) ? value : refuse(message) }
  end

  # 2.0 is a whole number in JSON Schema, too.
  def integer(range)
    message = "must be a whole number from #{range.min} to #{range.max}"
    lambda do |value|
      value = value.to_i if value.is_a?(Float) && value.finite? && value == value.floor
      value.is_a?(Integer) && range.cover?(value) ? value : refuse(message)
    end
  end

  def id = integer(BIGINT)

  def boolean = ->(value) { [true, false].include?(value) ? value : refuse("must be true or false") }

  def choice(values) = ->(value) { values.include?(value) ? value : refuse("must be one of #{values.join(', ')}") }

  # An amount of money; never a JSON number, which may be a float on its way.
  def money(range)
    message = "must be a decimal number as text, from #{Money.format(range.min)} to #{Money.format(range.max)}"
    lambda do |value|
      amount = Money.parse(value)
      amount && range.cover?(amount) ? amount : refuse(message)
    end
  end

  # A list of at most `most` values of one rule.
  def list(most, rule, message)
    lambda do |values|
      refuse(message) unless values.is_a?(Array) && values.size <= most
      values.map { |value| rule.call(value) }
    rescue Refused
      refuse(message)
    end
  end

  # The id of a record that is there; the relation is looked up when it is needed.
  def id_in(message, &)
    lambda do |value|
      id = integer(BIGINT).call(value)
      yield.exists?(id) ? id : refuse(message)
    end
  end

  def object = ->(value) { value.is_a?(Hash) ? value : refuse("must be an object") }

  def time = ->(value) { Timestamp.parse(value) || refuse("must be a time such as 2026-03-01T09:00:00Z") }

  # Null, or what the rule allows.
  def nullable(rule) = ->(value) { value.nil? ? nil : rule.call(value) }

  def refuse(message) = raise(Refused, message)
end
