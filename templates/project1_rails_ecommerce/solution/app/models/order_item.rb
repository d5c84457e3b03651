# One line of an order, with what the product was called and cost at the time.
class OrderItem < ApplicationRecord
  belongs_to :order, inverse_of: :items
  belongs_to :product
end
