# A change to the stock: by how much, never to what, so that two people who count at the same time don't undo each other.
class AdjustmentForm < Form
  DELTA_RULE = lambda do |value|
    delta = Rules.integer(-1_000_000..1_000_000).call(value)
    delta.zero? ? Rules.refuse("must not be 0") : delta
  end

  field :delta, DELTA_RULE, required: true
  field :reason, Rules.choice(StockMovement::ADJUSTMENTS), required: true
end
