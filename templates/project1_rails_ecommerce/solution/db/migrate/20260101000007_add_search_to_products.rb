class AddSearchToProducts < ActiveRecord::Migration[7.2]
  def change
    # Constant defaults: PostgreSQL adds both without rewriting the table.
    safety_assured do
      change_table :products, bulk: true do |t|
        t.text :sort_name, null: false, default: "", collation: "C"
        t.text :search_text, null: false, default: ""
      end
    end
  end
end
