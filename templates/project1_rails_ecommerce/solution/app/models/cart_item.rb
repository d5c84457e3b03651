# One product in somebody's cart, at the price of the moment when it was put in.
class CartItem < ApplicationRecord
  MOST = 99

  # The limit is part of the statement: any number of additions at once can't get past it.
  ADD_UP = <<~SQL.squish.freeze
    quantity = cart_items.quantity + excluded.quantity, updated_at = excluded.updated_at
    WHERE cart_items.quantity + excluded.quantity <= #{MOST}
  SQL

  belongs_to :user
  belongs_to :product

  # Adds to what is in the cart already and gives the item; nil if it would become too many.
  def self.add(user, product, quantity)
    row = { user_id: user.id, product_id: product.id, quantity:, unit_price: product.price }
    result = upsert(row, unique_by: %i[user_id product_id], on_duplicate: Arel.sql(ADD_UP), returning: :id)
    find_by(id: result.rows.first&.first)
  end

  def line_total = unit_price * quantity

  def available? = product.active? && product.stock_quantity >= quantity
end
