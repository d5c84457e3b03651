# An account as docs/openapi.yaml shows it: nothing secret is in the list.
class UserSerializer
  PLAIN = %i[id email first_name last_name phone role email_verified active].freeze

  def initialize(user)
    @user = user
  end

  def as_json(*)
    @user.slice(*PLAIN).merge(
      last_login_at: Timestamp.format(@user.last_login_at),
      created_at: Timestamp.format(@user.created_at),
      updated_at: Timestamp.format(@user.updated_at)
    )
  end
end
