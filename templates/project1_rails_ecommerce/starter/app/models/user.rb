# Somebody with an account. The catalogue needs vendors, so the table is here already.
class User < ApplicationRecord
  # TODO(m2.1): normalise the email and validate what comes in, see docs/milestones/m2-users-and-auth.md
  has_secure_password

  enum :role, { customer: "customer", vendor: "vendor", admin: "admin" }, validate: true

  has_many :products, foreign_key: :vendor_id, inverse_of: :vendor, dependent: :restrict_with_exception

  def name = "#{first_name} #{last_name}"
end
