# Only who has paid for something that is still for sale may say what it is like. The record is the product.
class ReviewPolicy < ApplicationPolicy
  def create? = record.active? && OrderItem.exists?(product: record, order: user.orders.bought)
end
