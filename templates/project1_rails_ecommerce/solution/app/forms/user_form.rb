# What admins may change of an account.
class UserForm < Form
  field :role, Rules.choice(User.roles.keys)
  field :active, Rules.boolean
  field :email_verified, Rules.boolean
end
