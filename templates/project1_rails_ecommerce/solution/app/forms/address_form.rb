# Where something goes.
class AddressForm < Form
  TEXT = Rules.text(1..100)

  field :name, TEXT, required: true
  field :line1, TEXT, required: true
  field :line2, Rules.nullable(Rules.text(0..100))
  field :postal_code, Rules.text(1..20), required: true
  field :city, TEXT, required: true
  field :region, TEXT, required: true
  field :country, Rules.text(2..2, pattern: /\A[A-Z]{2}\z/, message: "must be two capital letters (ISO 3166-1)"),
        required: true

  private

  def check = @given[:line2] ||= nil
end
