class CreateNotifications < ActiveRecord::Migration[7.2]
  def change
    create_table :notifications do |t|
      t.text :kind, null: false
      t.references :order, foreign_key: true, index: false
      t.references :product, foreign_key: { on_delete: :cascade }
      t.datetime :enqueued_at
      t.datetime :sent_at
      t.datetime :created_at, null: false

      # An order is told of once; a product may run low again and again.
      t.index %i[order_id kind], unique: true
      t.index :created_at, where: "enqueued_at IS NULL", name: "index_notifications_not_enqueued"
      t.check_constraint "kind IN ('order_received', 'order_paid', 'order_shipped', 'low_stock')",
                         name: "notifications_kind"
      t.check_constraint "num_nonnulls(order_id, product_id) = 1", name: "notifications_subject"
    end
  end
end
