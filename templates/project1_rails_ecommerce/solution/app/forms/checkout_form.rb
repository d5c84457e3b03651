# Where a cart goes, and how. No price and no total is among the fields: nothing of that kind is believed.
class CheckoutForm < Form
  field :shipping_address, AddressForm, required: true
  field :billing_address, AddressForm
  field :shipping_method, Rules.choice(OrderTotals::SHIPPING_METHODS), required: true
  field :payment_method, Rules.choice(Payment::METHODS), required: true

  private

  def check = @given[:billing_address] ||= @given[:shipping_address]
end
