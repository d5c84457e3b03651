class CreateStockMovements < ActiveRecord::Migration[7.2]
  def change
    create_table :stock_movements do |t|
      t.references :product, null: false, foreign_key: { on_delete: :cascade }, index: false
      t.integer :delta, null: false
      t.text :reason, null: false
      t.bigint :order_id
      t.integer :stock_quantity, null: false
      t.datetime :created_at, null: false

      t.index %i[product_id id]
      t.index :order_id, where: "order_id IS NOT NULL"
      t.check_constraint "delta <> 0", name: "stock_movements_delta"
      t.check_constraint "stock_quantity >= 0", name: "stock_movements_stock_quantity"
      t.check_constraint "reason IN ('initial', 'order', 'cancellation', 'restock', 'correction', 'damage', 'return')",
                         name: "stock_movements_reason"
      t.check_constraint "(order_id IS NOT NULL) = (reason IN ('order', 'cancellation'))", name: "stock_movements_order"
    end

    # What was there before the ledger is its first entry.
    up_only do
      safety_assured do
        execute <<~SQL.squish
          INSERT INTO stock_movements (product_id, delta, reason, stock_quantity, created_at)
          SELECT id, stock_quantity, 'initial', stock_quantity, created_at FROM products WHERE stock_quantity <> 0
        SQL
      end
    end
  end
end
