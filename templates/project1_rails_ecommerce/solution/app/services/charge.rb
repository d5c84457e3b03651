# A request to pay an order, good for at most one charge however often it is repeated (docs/adr/0004).
#
# One request at a time works on a key: a lock of the database session, which PostgreSQL takes back when this process
# dies. The payment is stored before the provider is asked and completed afterwards, each in a short transaction; while
# the provider takes its time, no row is locked. What a second request finds tells how far the first one got: nothing,
# a payment without an answer (ask the provider again, with its same key), or the answer.
class Charge
  LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))".freeze
  UNLOCK = "SELECT pg_advisory_unlock(hashtextextended($1, 0))".freeze
  RETRY_SECONDS = 2

  # The answer as text, word for word the same each time.
  Answer = Data.define(:text, :replayed)

  def initialize(order, key, given, provider: PaymentProvider.new(Settings.current.payment_provider_url))
    @order = order
    @key = key
    @given = given
    @provider = provider
  end

  # Raises what stands in the way: 409, 422, and 503 while nothing is known about the charge.
  def call
    alone do
      payment = @order.user.payments.find_by(idempotency_key: @key)
      refuse_another_request if payment && !payment.same_request?(@order, @given)
      next Answer.new(text: payment.answer, replayed: true) if payment&.answer

      Answer.new(text: complete(payment || start), replayed: false)
    end
  end

  private

  # Only if nobody else works on this key.
  def alone
    name = "payment/#{@order.user_id}/#{@key}"
    ApplicationRecord.connection_pool.with_connection do |connection|
      unless connection.exec_query(LOCK, "Charge Lock", [name]).rows.first.first
        raise Problems::Conflict.new("A request with this key is under way.",
                                     headers: { "retry-after" => RETRY_SECONDS.to_s })
      end

      begin
        yield
      ensure
        connection.exec_query(UNLOCK, "Charge Unlock", [name])
      end
    end
  end

  def start
    @order.with_lock("FOR NO KEY UPDATE") do
      raise Problems::Invalid, { amount: "must be the order's total" } unless @given[:amount] == @order.total
      raise Problems::Conflict, "The order is #{@order.status}." unless @order.pending?
      raise Problems::Conflict, "The order has a payment already." if @order.payments.standing.exists?

      @order.payments.create!(user: @order.user, idempotency_key: @key, provider_key: SecureRandom.uuid,
                              amount: @order.total, payment_method: @given[:method])
    end
  end

  def complete(payment)
    charge = @provider.charge(key: payment.provider_key, amount: Money.format(payment.amount), currency: payment.currency,
                              order_number: @order.order_number, method: payment.payment_method)
    payment.assign_attributes(provider_reference: charge.reference,
                              status: charge.status == "declined" ? "failed" : "pending")
    payment.answer = PaymentSerializer.new(payment).to_json
    payment.save!
    payment.answer
  rescue PaymentProvider::Unknown => e
    Rails.logger.warn("nothing is known about the charge of payment #{payment.id}: #{e.message}")
    raise Problems::Error.new(503, "The payment provider did not answer. Repeat the request with the same key.",
                              headers: { "retry-after" => RETRY_SECONDS.to_s })
  end

  def refuse_another_request
    raise Problems::Invalid, { "Idempotency-Key" => "was used for another request" }
  end
end
