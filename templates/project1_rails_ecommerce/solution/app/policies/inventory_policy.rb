# Stock is seen and changed by those who keep products. Whose product it is decides the look-up, see InventoryQuery.
class InventoryPolicy < ApplicationPolicy
  def manage? = user.sells?
end
