# The parameters of a query string, each read by its rule; `validate!` names every wrong one at once.
class QueryParameters
  def initialize(params)
    @params = params
    @errors = {}
  end

  def integer(name, default:, range:)
    read(name, default, "must be a whole number from #{range.min} to #{range.max}") do |text|
      number = Integer(text, 10, exception: false)
      number if number && range.cover?(number)
    end
  end

  def price(name)
    read(name, nil, "must be a decimal number with at most two places") { |text| Money.parse(text) }
  end

  def choice(name, values, default:)
    read(name, default, "must be one of #{values.join(', ')}") { |text| text if values.include?(text) }
  end

  # True, false, or nil when it isn't there.
  def boolean(name)
    text = choice(name, %w[true false], default: nil)
    text && text == "true"
  end

  def time(name)
    read(name, nil, "must be a time such as 2026-03-01T09:00:00Z") { |text| Timestamp.parse(text) }
  end

  def text(name, longest:)
    read(name, nil, "must be a text of 1 to #{longest} characters") do |text|
      text if text.length.between?(1, longest) && text.exclude?("\0")
    end
  end

  def error(name, message) = @errors[name] ||= message

  # Raises Problems::Invalid if any parameter was wrong.
  def validate!
    raise Problems::Invalid, @errors if @errors.any?
  end

  private

  def read(name, default, message)
    return default unless @params.key?(name)

    # A list or a hash (`page[]=1`) is no text.
    value = @params[name]
    parsed = yield(value) if value.is_a?(String)
    error(name, message) if parsed.nil?
    parsed
  end
end
