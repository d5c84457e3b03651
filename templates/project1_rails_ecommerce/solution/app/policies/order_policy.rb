# Whose order it is decides what somebody sees (Order.visible_to); this is about what is left.
class OrderPolicy < ApplicationPolicy
  def fulfil? = user.admin?
  # Seeing an order is no right to pay it.
  def pay? = record.user_id == user.id
end
