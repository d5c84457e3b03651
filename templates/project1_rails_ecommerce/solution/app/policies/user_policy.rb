# Accounts other than one's own are the admins' business.
class UserPolicy < ApplicationPolicy
  def manage? = user.admin?
end
