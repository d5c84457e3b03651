class CreatePayments < ActiveRecord::Migration[7.2]
  def change
    create_table :payments do |t|
      t.references :order, null: false, foreign_key: true
      t.references :user, null: false, foreign_key: true, index: false
      t.text :idempotency_key, null: false
      t.uuid :provider_key, null: false
      t.text :provider_reference
      t.decimal :amount, null: false, precision: 14, scale: 2
      t.text :currency, null: false, default: "EUR"
      t.text :payment_method, null: false
      t.text :status, null: false, default: "pending"
      # The first answer, word for word; null while nothing is known about the charge.
      t.text :answer
      t.timestamps

      t.index %i[user_id idempotency_key], unique: true
      t.index :provider_key, unique: true
      t.index :provider_reference, unique: true
      # Whatever the code forgets: an order has at most one payment that has not failed.
      t.index :order_id, unique: true, where: "status <> 'failed'", name: "index_payments_on_order_id_not_failed"
      t.check_constraint "status IN ('pending', 'succeeded', 'failed')", name: "payments_status"
    end

    create_table :payment_events do |t|
      t.text :event_id, null: false
      t.text :kind, null: false
      t.datetime :created_at, null: false

      t.index :event_id, unique: true
    end

    # The replay store: a signature that was taken in once is never taken in again.
    create_table :webhook_signatures do |t|
      t.text :signature, null: false
      t.datetime :created_at, null: false

      t.index :signature, unique: true
      t.index :created_at
    end
  end
end
