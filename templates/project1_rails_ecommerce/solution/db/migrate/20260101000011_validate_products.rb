class ValidateProducts < ActiveRecord::Migration[7.2]
  def change
    validate_check_constraint :products, name: "products_stock_quantity"
    validate_check_constraint :products, name: "products_compare_price"
    validate_check_constraint :products, name: "products_low_stock_threshold"
  end
end
