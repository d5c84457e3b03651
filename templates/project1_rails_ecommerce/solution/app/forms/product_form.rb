# Something to buy.
class ProductForm < SluggedForm
  PRICE_RULE = Rules.money(BigDecimal("0.01")..BigDecimal("99999.99"))
  SKU = /\A[A-Za-z0-9][A-Za-z0-9._-]*\z/
  SKU_RULE = Rules.text(1..64, pattern: SKU, message: "must be letters, digits, dots, underscores and hyphens, at most 64")
  IMAGE = %r{\Ahttps://[^\s]+\z}

  # Stored in lower case, each once, in ascending order.
  TAGS_RULE = lambda do |value|
    rule = Rules.list(20, Rules.text(1..30, pattern: /\A[^,]+\z/m),
                      "must be at most 20 texts of 1 to 30 characters, no commas")
    rule.call(value).map(&:downcase).uniq.sort
  end
  # An address that only looks like one is refused, too: `format: uri`.
  IMAGE_RULE = lambda do |value|
    URI.parse(Rules.text(1..500, pattern: IMAGE).call(value)).to_s
  rescue URI::InvalidURIError
    Rules.refuse("must be an address")
  end

  field :name, Rules.text(1..200), required: true
  field :slug, SLUG_RULE
  field :sku, SKU_RULE, required: true
  field :description, Rules.text(0..10_000)
  field :price, PRICE_RULE, required: true
  field :compare_price, Rules.nullable(PRICE_RULE)
  field :stock_quantity, Rules.integer(0..Stock::LARGEST)
  field :low_stock_threshold, Rules.integer(0..1_000_000)
  field :category_id, Rules.id_in("must be the id of a category") { Category }, required: true
  field :vendor_id, Rules.id_in("must be the id of a vendor or an admin") { User.where(role: %w[vendor admin]) }
  field :tags, TAGS_RULE
  field :active, Rules.boolean
  field :featured, Rules.boolean
  field :images, Rules.list(10, IMAGE_RULE, "must be at most 10 https:// addresses")

  private

  def check
    super
    price, before = %i[price compare_price].map { |name| @given.fetch(name) { @record && @record[name] } }
    @errors[:compare_price] ||= "must be more than the price" if price && before && before <= price
  end
end
