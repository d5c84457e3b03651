# The name of something in addresses: small letters, digits and single hyphens.
module Slug
  LONGEST = 120
  FORMAT = /\A[a-z0-9]+(-[a-z0-9]+)*\z/

  # Made from a name; nil if nothing of it is left.
  def self.from(name)
    ascii = ActiveSupport::Inflector.transliterate(name, "-").downcase
    trim(trim(ascii.gsub(/[^a-z0-9]+/, "-")).first(LONGEST)).presence
  end

  def self.trim(text) = text.gsub(/\A-|-\z/, "")
  private_class_method :trim
end
