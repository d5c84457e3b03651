# What the filters and sorts of the catalogue ask for, and foreign keys, each built without locking the table.
class IndexProducts < ActiveRecord::Migration[7.2]
  disable_ddl_transaction!

  def change
    add_index :products, :tags, using: :gin, where: "active", name: "index_products_on_tags_of_active",
                                algorithm: :concurrently
    add_index :products, %i[price id], where: "active", name: "index_products_on_price_of_active", algorithm: :concurrently
    add_index :products, %i[sort_name id], where: "active", name: "index_products_on_sort_name_of_active",
                                           algorithm: :concurrently
    add_index :products, %i[average_rating id], where: "active", name: "index_products_on_average_rating_of_active",
                                                algorithm: :concurrently
  end
end
