# A product for the cart.
class CartItemForm < Form
  field :product_id, Rules.id, required: true
  field :quantity, Rules.integer(1..CartItem::MOST), required: true
end
