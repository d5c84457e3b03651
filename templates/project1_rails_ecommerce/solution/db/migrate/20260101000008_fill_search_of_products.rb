# What the model computes from then on, for the products that are there.
class FillSearchOfProducts < ActiveRecord::Migration[7.2]
  disable_ddl_transaction!

  # The table as it is now, whatever becomes of the model.
  class Product < ActiveRecord::Base
  end

  def up
    Product.reset_column_information
    Product.find_each do |product|
      search_text = [product.name, product.description, product.sku].join("\n").downcase
      product.update_columns(sort_name: product.name.downcase, search_text:)
    end
  end

  def down; end
end
