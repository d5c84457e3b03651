class ValidateOrdersOfStockMovements < ActiveRecord::Migration[7.2]
  def change
    validate_foreign_key :stock_movements, :orders
  end
end
