# Everybody reads the tree, admins keep it.
class CategoryPolicy < ApplicationPolicy
  def write? = user.admin?
end
