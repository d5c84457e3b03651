# Who logs in. What can't be right is a wrong password like any other, so there are few rules.
class LoginForm < Form
  field :email, Rules.text(1..254), required: true
  field :password, Rules.secret(1..1000), required: true
end
