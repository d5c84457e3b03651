# Which products a visitor asked for, in which order: the parameters of GET /api/v1/products.
class ProductQuery
  # TODO(m3.3): `name` and `average_rating` are missing, see docs/milestones/m3-catalogue.md
  COLUMNS = { "created_at" => "products.created_at", "price" => "products.price" }.freeze
  SORTS = COLUMNS.keys.flat_map { |name| [name, "-#{name}"] }.freeze

  def initialize(params)
    query = QueryParameters.new(params)
    @number, @size = Page.parameters(query)
    @category = query.text(:category, longest: 120)
    @min_price = query.price(:min_price)
    @max_price = query.price(:max_price)
    query.error(:max_price, "must not be less than min_price") if @min_price && @max_price && @max_price < @min_price
    @sort = query.choice(:sort, SORTS, default: "-created_at")
    query.validate!
  end

  def page = Page.of(products, @number, @size)

  def products
    # TODO(m3.3): `search` and `tags` are missing, see docs/milestones/m3-catalogue.md
    products = Product.active.with_associations.order(order)
    products = products.where(category_id: category_ids) if @category
    products = products.where(price: @min_price..) if @min_price
    products = products.where(price: ..@max_price) if @max_price
    products
  end

  private

  # A slug that visitors don't see in the tree matches nothing.
  def category_ids = CategoryTree.load.find(@category)&.ids || []

  # The id makes the order complete: without it, equal rows may come in another order on each page.
  def order
    direction = @sort.start_with?("-") ? "DESC" : "ASC"
    [Arel.sql("#{COLUMNS.fetch(@sort.delete_prefix('-'))} #{direction}"), { id: :asc }]
  end
end
