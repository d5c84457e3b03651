# A place in the catalogue's tree; CategoryTree reads all of it.
class Category < ApplicationRecord
  belongs_to :parent, class_name: "Category", optional: true
  has_many :children, class_name: "Category", foreign_key: :parent_id, inverse_of: :parent,
                      dependent: :restrict_with_exception
  has_many :products, dependent: :restrict_with_exception

  validates :name, presence: true, length: { maximum: 100 }
  validates :slug, format: /\A[a-z0-9]+(-[a-z0-9]+)*\z/, length: { maximum: 120 }
end
