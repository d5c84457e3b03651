# What somebody bought: figures and texts are copies, so that nothing that happens to a product later reaches them.
class Order < ApplicationRecord
  # What may follow what; everything else is refused.
  TRANSITIONS = { "pending" => %w[paid cancelled], "paid" => %w[shipped], "shipped" => %w[delivered],
                  "delivered" => [], "cancelled" => [] }.freeze
  # What project 2 hears of.
  EXPORTED = %w[paid shipped delivered].freeze
  CHANGES = "order_changes".freeze
  # No 0 and O, no 1 and I: somebody will read it out on the telephone.
  ALPHABET = (("A".."Z").to_a + ("2".."9").to_a - %w[I O]).freeze

  # A change of status that isn't in TRANSITIONS.
  class IllegalChange < StandardError
  end

  belongs_to :user
  has_many :items, -> { order(:line) }, class_name: "OrderItem", inverse_of: :order, dependent: :restrict_with_exception
  has_many :payments, dependent: :restrict_with_exception

  enum :status, TRANSITIONS.keys.index_by(&:itself), validate: true

  scope :visible_to, ->(user) { user.admin? ? all : where(user:) }
  scope :bought, -> { where(status: EXPORTED) }

  # Random: a number that counts would tell how much is sold.
  def self.new_number = "R-#{Array.new(10) { ALPHABET.sample(random: SecureRandom) }.join}"

  # The next status, with its time. The caller has locked the row, so that of two changes at once one is refused.
  def move_to!(status)
    raise IllegalChange, "Of an order that is #{self.status}, none can become #{status}." unless
      TRANSITIONS.fetch(self.status).include?(status)

    now = Time.current
    assign_attributes(status:, "#{status}_at": now)
    assign_attributes(change_number: Counter.next(CHANGES), changed_at: now) if EXPORTED.include?(status)
    save!
  end
end
