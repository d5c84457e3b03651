# Vendors keep their own products, admins everybody's.
class ProductPolicy < ApplicationPolicy
  def create? = user.sells?
  def assign_vendor? = user.admin?
  def write? = user.admin? || (user.vendor? && record.vendor_id == user.id)
end
