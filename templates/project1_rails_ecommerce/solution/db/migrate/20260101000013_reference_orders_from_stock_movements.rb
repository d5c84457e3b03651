class ReferenceOrdersFromStockMovements < ActiveRecord::Migration[7.2]
  def change
    add_foreign_key :stock_movements, :orders, validate: false
  end
end
