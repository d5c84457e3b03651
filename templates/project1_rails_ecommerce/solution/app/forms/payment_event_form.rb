# What the provider tells. It may add fields, and events that mean nothing here.
class PaymentEventForm < Form
  # What an event about a charge holds.
  class ChargeForm < Form
    tolerate_unknown_fields

    field :reference, Rules.secret(1..255), required: true
    field :amount, PaymentForm::AMOUNT_RULE, required: true
    field :currency, Rules.secret(0..255), required: true
  end

  OUTCOMES = { "payment.succeeded" => "succeeded", "payment.failed" => "failed" }.freeze

  tolerate_unknown_fields

  field :id, Rules.secret(1..255), required: true
  field :type, Rules.secret(1..100), required: true
  field :created_at, Rules.time
  field :data, Rules.object, required: true

  private

  def check
    return unless OUTCOMES.key?(@given[:type]) && @given.key?(:data)

    errors, @given[:data] = ChargeForm.inspect_object(@given[:data])
    errors.each { |name, message| @errors["data.#{name}"] = message }
  end
end
