# One intention to pay an order, known by the customer's idempotency key, and its charge at the provider, known by ours.
class Payment < ApplicationRecord
  METHODS = %w[card bank_transfer wallet cash].freeze

  belongs_to :order
  belongs_to :user

  enum :status, %w[pending succeeded failed].index_by(&:itself), validate: true

  # What makes another payment of the order impossible.
  scope :standing, -> { where.not(status: "failed") }

  # Whether a request with this payment's key asks for the same as the first one did.
  def same_request?(order, given)
    order_id == order.id && amount == given[:amount] && payment_method == given[:method]
  end
end
