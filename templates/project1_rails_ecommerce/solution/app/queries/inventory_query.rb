# Which stock somebody asked for: the parameters of GET /api/v1/inventory.
class InventoryQuery
  # The products in somebody's keeping.
  def self.kept_by(user) = user.admin? ? Product.all : user.products

  def initialize(user, params)
    @user = user
    query = QueryParameters.new(params)
    @number, @size = Page.parameters(query)
    @low_stock = query.boolean(:low_stock)
    query.validate!
  end

  def page
    products = self.class.kept_by(@user).order(:id)
    products = products.where("(stock_quantity <= low_stock_threshold) = ?", @low_stock) unless @low_stock.nil?
    Page.of(products, @number, @size)
  end
end
