# A place in the catalogue's tree; CategoryTree reads all of it, CategoryWriter keeps it a tree.
class Category < ApplicationRecord
  belongs_to :parent, class_name: "Category", optional: true
  has_many :children, class_name: "Category", foreign_key: :parent_id, inverse_of: :parent,
                      dependent: :restrict_with_exception
  has_many :products, dependent: :restrict_with_exception

  validates :name, presence: true, length: { maximum: 100 }
  validates :slug, format: Slug::FORMAT, length: { maximum: Slug::LONGEST }
end
