class CreateProducts < ActiveRecord::Migration[7.2]
  def change
    create_table :products do |t|
      t.string :name, null: false, limit: 200
      t.string :slug, null: false, limit: 120
      t.string :sku, null: false, limit: 64
      t.text :description, null: false, default: ""
      t.decimal :price, null: false, precision: 10, scale: 2
      t.decimal :compare_price, precision: 10, scale: 2
      t.integer :stock_quantity, null: false, default: 0
      t.integer :low_stock_threshold, null: false, default: 5
      t.references :category, null: false, foreign_key: true
      t.references :vendor, null: false, foreign_key: { to_table: :users }
      t.string :tags, array: true, null: false, default: []
      t.boolean :active, null: false, default: true
      t.boolean :featured, null: false, default: false
      t.bigint :views_count, null: false, default: 0
      t.decimal :average_rating, null: false, default: 0, precision: 3, scale: 2
      t.integer :reviews_count, null: false, default: 0
      t.string :images, array: true, null: false, default: []
      t.timestamps

      t.index :slug, unique: true
      t.index "lower(sku)", unique: true, name: "index_products_on_lower_sku"
      t.index %i[created_at id], where: "active", name: "index_products_on_created_at_of_active"
      t.check_constraint "price > 0", name: "products_price"
    end
  end
end
