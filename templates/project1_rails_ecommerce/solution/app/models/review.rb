# What a buyer thinks of a product. Average and count are kept with the product.
class Review < ApplicationRecord
  belongs_to :product
  belongs_to :user

  # PostgreSQL's numeric rounds half away from zero, too.
  RATING = <<~SQL.squish.freeze
    reviews_count = (SELECT COUNT(*) FROM reviews WHERE product_id = products.id),
    average_rating = (SELECT ROUND(AVG(rating), 2) FROM reviews WHERE product_id = products.id),
    updated_at = CURRENT_TIMESTAMP
  SQL

  # Stores a review, and the product's figures with it. Raises ActiveRecord::RecordNotUnique for a second one.
  def self.publish(product, user, attributes)
    Catalogue.change do
      # With the product locked, each one counts the reviews of all that were before.
      product.lock!("FOR NO KEY UPDATE")
      create!(product:, user:, **attributes).tap do
        Product.where(id: product.id).update_all(RATING)
      end
    end
  end
end
