# Another quantity for something in the cart.
class CartQuantityForm < Form
  field :quantity, Rules.integer(1..CartItem::MOST), required: true
end
