# A payment as docs/openapi.yaml shows it.
class PaymentSerializer
  def initialize(payment)
    @payment = payment
  end

  def as_json(*)
    @payment.slice(:id, :order_id, :currency, :provider_reference, :status).merge(
      amount: Money.format(@payment.amount), method: @payment.payment_method,
      created_at: Timestamp.format(@payment.created_at)
    )
  end
end
