# Money is a BigDecimal inside and a text with two places outside; a float is never involved.
module Money
  # What a client may send: at most two places, no sign, no exponent.
  INPUT = /\A\d{1,12}(\.\d{1,2})?\z/

  # The amount as the API writes it: "19.90".
  def self.format(amount)
    cents = (amount * 100).round(half: :up).to_i
    "#{cents / 100}.#{(cents % 100).to_s.rjust(2, '0')}"
  end

  # The amount that a text states, or nil if it states none.
  def self.parse(text)
    BigDecimal(text) if text.is_a?(String) && text.match?(INPUT)
  end
end
