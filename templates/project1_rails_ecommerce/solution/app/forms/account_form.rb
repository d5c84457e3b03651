# What people may change of their own account.
class AccountForm < Form
  field :first_name, Rules.text(1..100)
  field :last_name, Rules.text(1..100)
  field :phone, RegistrationForm::PHONE_RULE
  field :password, RegistrationForm::PASSWORD_RULE
  field :current_password, Rules.secret(1..1000)

  private

  # Neither is of use without the other.
  def check
    pair = %i[password current_password]
    missing = pair - @object.keys.map(&:to_sym)
    @errors[missing.first] = "must be there with #{(pair - missing).first}" if missing.one?
  end
end
