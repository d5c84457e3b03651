# Which users an admin asked for: the parameters of GET /api/v1/users.
class UserQuery
  def initialize(params)
    query = QueryParameters.new(params)
    @number, @size = Page.parameters(query)
    @role = query.choice(:role, User.roles.keys, default: nil)
    @active = query.boolean(:active)
    query.validate!
  end

  def page = Page.of(users, @number, @size)

  private

  def users
    User.where({ role: @role, active: @active }.compact).order(:id)
  end
end
