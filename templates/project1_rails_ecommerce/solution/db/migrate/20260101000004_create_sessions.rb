class CreateSessions < ActiveRecord::Migration[7.2]
  def change
    create_table :sessions do |t|
      t.references :user, null: false, foreign_key: { on_delete: :cascade }
      t.datetime :ended_at
      t.timestamps
    end

    create_table :refresh_tokens do |t|
      t.references :session, null: false, foreign_key: { on_delete: :cascade }
      t.string :digest, null: false, limit: 64
      t.datetime :expires_at, null: false
      t.datetime :used_at
      t.datetime :created_at, null: false

      t.index :digest, unique: true
    end
  end
end
