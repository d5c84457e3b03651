class CreateUsers < ActiveRecord::Migration[7.2]
  def change
    create_table :users do |t|
      t.text :email, null: false
      t.string :password_digest, null: false
      t.string :first_name, null: false, limit: 100
      t.string :last_name, null: false, limit: 100
      t.string :phone, limit: 30
      t.text :role, null: false, default: "customer"
      t.boolean :email_verified, null: false, default: false
      t.boolean :active, null: false, default: true
      t.datetime :last_login_at
      t.timestamps

      t.index :email, unique: true
      t.check_constraint "role IN ('customer', 'vendor', 'admin')", name: "users_role"
      t.check_constraint "email = lower(btrim(email))", name: "users_email_normalised"
    end
  end
end
