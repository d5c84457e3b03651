# Somebody with an account.
class User < ApplicationRecord
  has_secure_password

  normalizes :email, with: ->(email) { email.gsub(Rules::WHITE_SPACE, "").downcase }

  enum :role, { customer: "customer", vendor: "vendor", admin: "admin" }, validate: true

  has_many :sessions, dependent: :delete_all
  has_many :products, foreign_key: :vendor_id, inverse_of: :vendor, dependent: :restrict_with_exception
  has_many :cart_items, dependent: :delete_all
  has_many :orders, dependent: :restrict_with_exception
  has_many :payments, dependent: :restrict_with_exception
  has_many :reviews, dependent: :restrict_with_exception

  validates :email, format: RegistrationForm::EMAIL, length: { maximum: 254 }
  validates :password, length: { minimum: 8 }, allow_nil: true
  validates :first_name, :last_name, presence: true, length: { maximum: 100 }

  def name = "#{first_name} #{last_name}"

  # Whether products may be in this user's keeping.
  def sells? = vendor? || admin?
end
