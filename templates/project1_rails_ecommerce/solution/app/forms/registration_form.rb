# Who signs up.
class RegistrationForm < Form
  EMAIL = /\A\s*[^@\s]+@[^@\s]+\s*\z/
  PHONE = %r{\A\+?[0-9 ()./-]+\z}
  PHONE_RULE = Rules.nullable(Rules.text(3..30, pattern: PHONE, message: "must be a phone number of 3 to 30 characters"))

  # bcrypt reads no more than 72 bytes, so what is longer would only look safer.
  PASSWORD_RULE = lambda do |value|
    Rules.secret(8..72, message: "must have 8 to 72 characters").call(value)
    value.bytesize <= 72 ? value : Rules.refuse("must have at most 72 bytes")
  end

  field :email, Rules.text(3..254, pattern: EMAIL, message: "must be an email address"), required: true
  field :password, PASSWORD_RULE, required: true
  field :first_name, Rules.text(1..100), required: true
  field :last_name, Rules.text(1..100), required: true
  field :phone, PHONE_RULE
end
