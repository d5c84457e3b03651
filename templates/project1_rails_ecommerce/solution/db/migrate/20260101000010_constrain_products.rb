# What must hold whatever the code forgets. Checked for new rows at once, and for the old ones without a lock.
class ConstrainProducts < ActiveRecord::Migration[7.2]
  def change
    add_check_constraint :products, "stock_quantity >= 0", name: "products_stock_quantity", validate: false
    add_check_constraint :products, "compare_price > price", name: "products_compare_price", validate: false
    add_check_constraint :products, "low_stock_threshold >= 0", name: "products_low_stock_threshold", validate: false
  end
end
