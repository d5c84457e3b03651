# Something to buy. Its stock is changed by Stock alone, together with the ledger.
class Product < ApplicationRecord
  belongs_to :category
  belongs_to :vendor, class_name: "User"
  has_many :stock_movements, dependent: :delete_all
  has_many :reviews, dependent: :restrict_with_exception

  validates :name, presence: true, length: { maximum: 200 }
  validates :slug, format: Slug::FORMAT, length: { maximum: Slug::LONGEST }
  validates :sku, format: /\A[A-Za-z0-9][A-Za-z0-9._-]*\z/, length: { maximum: 64 }
  validates :price, numericality: { greater_than_or_equal_to: 0.01.to_d, less_than_or_equal_to: 99_999.99.to_d }

  before_save :fold_texts

  scope :active, -> { where(active: true) }
  # What a serializer shows, loaded for the whole page.
  scope :with_associations, -> { preload(:category, :vendor).strict_loading }

  # One row after the other, always in the same order: two who want the same products never wait for each other.
  def self.lock_in_order(ids) = where(id: ids).order(:id).lock("FOR NO KEY UPDATE").index_by(&:id)

  def low_stock? = stock_quantity <= low_stock_threshold

  private

  # What is searched and sorted ignoring case: what PostgreSQL takes for lower case depends on the locale of the database.
  def fold_texts
    self.sort_name = name.downcase
    self.search_text = [name, description, sku].join("\n").downcase
  end
end
