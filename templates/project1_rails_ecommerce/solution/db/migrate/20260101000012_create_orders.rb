class CreateOrders < ActiveRecord::Migration[7.2]
  def change
    create_table :cart_items do |t|
      t.references :user, null: false, foreign_key: { on_delete: :cascade }, index: false
      t.references :product, null: false, foreign_key: { on_delete: :cascade }
      t.integer :quantity, null: false
      t.decimal :unit_price, null: false, precision: 10, scale: 2
      t.timestamps

      t.index %i[user_id product_id], unique: true
      t.check_constraint "quantity BETWEEN 1 AND 99", name: "cart_items_quantity"
    end

    create_table :orders do |t|
      t.references :user, null: false, foreign_key: true, index: false
      t.text :order_number, null: false
      t.text :status, null: false, default: "pending"
      t.text :currency, null: false, default: "EUR"
      %i[subtotal discount tax shipping total].each { |name| t.decimal name, null: false, precision: 14, scale: 2 }
      t.text :shipping_method, null: false
      t.text :payment_method, null: false
      t.jsonb :shipping_address, null: false
      t.jsonb :billing_address, null: false
      %i[paid_at shipped_at delivered_at cancelled_at].each { |name| t.datetime name }
      # The place in the order of all changes that project 2 reads; null until the order is paid.
      t.bigint :change_number
      t.datetime :changed_at
      t.timestamps

      t.index :order_number, unique: true
      t.index :change_number, unique: true
      t.index %i[user_id created_at id]
      t.index %i[created_at id]
      t.check_constraint "status IN ('pending', 'paid', 'shipped', 'delivered', 'cancelled')", name: "orders_status"
      t.check_constraint "total = subtotal - discount + tax + shipping", name: "orders_total"
      t.check_constraint "(status IN ('paid', 'shipped', 'delivered')) = (change_number IS NOT NULL)",
                         name: "orders_change_number"
    end

    create_table :order_items do |t|
      t.references :order, null: false, foreign_key: true, index: false
      t.references :product, null: false, foreign_key: true
      t.integer :line, null: false
      t.text :product_name, null: false
      t.text :sku, null: false
      t.text :category, null: false
      t.integer :quantity, null: false
      %i[unit_price line_total discount tax total].each { |name| t.decimal name, null: false, precision: 14, scale: 2 }

      t.index %i[order_id line], unique: true
      t.check_constraint "total = line_total - discount + tax", name: "order_items_total"
    end
  end
end
