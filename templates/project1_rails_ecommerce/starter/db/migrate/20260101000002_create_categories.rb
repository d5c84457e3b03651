class CreateCategories < ActiveRecord::Migration[7.2]
  def change
    create_table :categories do |t|
      t.string :name, null: false, limit: 100
      t.string :slug, null: false, limit: 120
      t.references :parent, foreign_key: { to_table: :categories }
      t.integer :sort_order, null: false, default: 0
      t.boolean :active, null: false, default: true
      t.timestamps

      t.index :slug, unique: true
    end
  end
end
