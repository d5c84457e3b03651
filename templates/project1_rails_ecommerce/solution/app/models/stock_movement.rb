# One line of the ledger: what came or went, why, and what was there afterwards. Never changed.
class StockMovement < ApplicationRecord
  ADJUSTMENTS = %w[restock correction damage return].freeze

  belongs_to :product
  belongs_to :order, optional: true

  def readonly? = persisted?
end
