class CreateReviews < ActiveRecord::Migration[7.2]
  def change
    create_table :reviews do |t|
      t.references :product, null: false, foreign_key: true, index: false
      t.references :user, null: false, foreign_key: true
      t.integer :rating, null: false
      t.text :text, null: false
      t.datetime :created_at, null: false

      t.index %i[product_id user_id], unique: true
      t.index %i[product_id created_at id]
      t.check_constraint "rating BETWEEN 1 AND 5", name: "reviews_rating"
    end
  end
end
