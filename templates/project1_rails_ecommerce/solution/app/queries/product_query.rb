# Which products a visitor asked for, in which order: the parameters of GET /api/v1/products.
class ProductQuery
  COLUMNS = { "created_at" => "products.created_at", "price" => "products.price", "name" => "products.sort_name",
              "average_rating" => "products.average_rating" }.freeze
  SORTS = COLUMNS.keys.flat_map { |name| [name, "-#{name}"] }.freeze

  def initialize(params)
    query = QueryParameters.new(params)
    @number, @size = Page.parameters(query)
    @category = query.text(:category, longest: 120)
    @min_price = query.price(:min_price)
    @max_price = query.price(:max_price)
    query.error(:max_price, "must not be less than min_price") if @min_price && @max_price && @max_price < @min_price
    @words = parts(query.text(:search, longest: 100), /[[:space:]]+/)
    @tags = parts(query.text(:tags, longest: 300), /[[:space:]]*,[[:space:]]*/)
    @sort = query.choice(:sort, SORTS, default: "-created_at")
    query.validate!
  end

  def page = Page.of(products, @number, @size)

  # Two requests for the same page have the same key, however they are written.
  def cache_key
    [@number, @size, @category, @min_price&.to_s, @max_price&.to_s, @words, @tags, @sort].to_json
  end

  def products
    products = @words.inject(filtered) do |found, word|
      found.where("products.search_text LIKE ?", "%#{Product.sanitize_sql_like(word)}%")
    end
    @tags.any? ? products.where("products.tags @> ARRAY[?]::varchar[]", @tags) : products
  end

  private

  # Small and large letters are one, and neither order nor repetition means anything.
  def parts(text, separator) = text.to_s.downcase.gsub(Rules::WHITE_SPACE, "").split(separator).compact_blank.uniq.sort

  def filtered
    products = Product.active.with_associations.order(order)
    products = products.where(category_id: category_ids) if @category
    products = products.where(price: @min_price..) if @min_price
    products = products.where(price: ..@max_price) if @max_price
    products
  end

  # A slug that visitors don't see in the tree matches nothing.
  def category_ids = CategoryTree.load.find(@category)&.ids || []

  # The id makes the order complete: without it, equal rows may come in another order on each page.
  def order
    direction = @sort.start_with?("-") ? "DESC" : "ASC"
    [Arel.sql("#{COLUMNS.fetch(@sort.delete_prefix('-'))} #{direction}"), { id: :asc }]
  end
end
