# Something to buy. Its stock may only be changed together with the stock ledger (m5).
class Product < ApplicationRecord
  belongs_to :category
  belongs_to :vendor, class_name: "User"

  validates :name, presence: true, length: { maximum: 200 }
  validates :slug, format: /\A[a-z0-9]+(-[a-z0-9]+)*\z/, length: { maximum: 120 }
  validates :sku, format: /\A[A-Za-z0-9][A-Za-z0-9._-]*\z/, length: { maximum: 64 }
  validates :price, numericality: { greater_than_or_equal_to: 0.01.to_d, less_than_or_equal_to: 99_999.99.to_d }

  scope :active, -> { where(active: true) }
  # What a serializer shows, loaded for the whole page.
  scope :with_associations, -> { preload(:category, :vendor).strict_loading }
end
