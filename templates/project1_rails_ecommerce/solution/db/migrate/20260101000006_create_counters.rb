class CreateCounters < ActiveRecord::Migration[7.2]
  def change
    create_table :counters, id: false do |t|
      t.text :name, null: false, primary_key: true
      t.bigint :value, null: false
    end
  end
end
