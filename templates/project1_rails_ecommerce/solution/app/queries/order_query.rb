# Which orders somebody asked for: the parameters of GET /api/v1/orders.
class OrderQuery
  def initialize(user, params)
    @user = user
    query = QueryParameters.new(params)
    @number, @size = Page.parameters(query)
    @status = query.choice(:status, Order.statuses.keys, default: nil)
    query.validate!
  end

  def page
    orders = Order.visible_to(@user).preload(:items).order(created_at: :desc, id: :desc)
    Page.of(@status ? orders.where(status: @status) : orders, @number, @size)
  end
end
