# Which reviews a visitor asked for: the parameters of GET /api/v1/products/{id}/reviews.
class ReviewQuery
  def initialize(product, params)
    @product = product
    query = QueryParameters.new(params)
    @number, @size = Page.parameters(query)
    query.validate!
  end

  def page = Page.of(@product.reviews.preload(:user).order(created_at: :desc, id: :desc), @number, @size)
end
