# An intention to pay. The amount is only ever compared.
class PaymentForm < Form
  AMOUNT_RULE = Rules.money(BigDecimal("0.00")..BigDecimal("999999999999.99"))

  field :amount, AMOUNT_RULE, required: true
  field :method, Rules.choice(Payment::METHODS), required: true
end
