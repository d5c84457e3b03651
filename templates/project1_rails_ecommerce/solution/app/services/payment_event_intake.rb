# Takes an event of the provider in, with all that follows from it, in one transaction: either the event is known and
# payment and order have changed, or nothing has happened and it may come again.
class PaymentEventIntake
  # Exactly this request was taken in before.
  class Replayed < StandardError
  end

  def initialize(signature, event)
    @signature = signature
    @event = event
  end

  # Raises Replayed, 404 for a reference that no payment has (yet), and 422 for another amount.
  def call
    ApplicationRecord.transaction do
      # The unique indexes decide, and make deliveries of the same moment wait for each other.
      raise Replayed unless new?(SeenSignature, signature: @signature)
      next unless new?(PaymentEvent, event_id: @event[:id], kind: @event[:type])

      outcome = PaymentEventForm::OUTCOMES[@event[:type]]
      settle(outcome) if outcome
    end
  end

  private

  def new?(model, row) = model.insert({ **row, created_at: Time.current }).any?

  def settle(outcome)
    payment = Payment.find_by(provider_reference: data[:reference])
    raise Problems::NotFound, "No payment has this reference." unless payment

    refuse_other_amount(payment)
    order = payment.order
    # The order first, as everybody locks them.
    order.lock!("FOR NO KEY UPDATE")
    payment.lock!("FOR NO KEY UPDATE")
    return unless payment.pending?

    payment.update!(status: outcome)
    pay(order) if outcome == "succeeded"
  end

  def pay(order)
    Notification.of_order("paid", order)
    order.move_to!("paid")
  end

  def refuse_other_amount(payment)
    wrong = { amount: payment.amount, currency: payment.currency }.reject { |name, value| data[name] == value }
    raise(Problems::Invalid, wrong.to_h { |name, _| ["data.#{name}", "is not the payment's"] }) if wrong.any?
  end

  def data = @event[:data]
end
