FactoryBot.define do
  factory :product do
    sequence(:name) { |number| "Product #{number}" }
    slug { name.parameterize }
    sequence(:sku) { |number| "SKU-#{number}" }
    price { "19.90" }
    stock_quantity { 10 }
    category
    vendor factory: %i[user vendor]

    # The ledger explains every unit.
    after(:create) do |product|
      next if product.stock_quantity.zero?

      product.stock_movements.create!(delta: product.stock_quantity, reason: "initial",
                                      stock_quantity: product.stock_quantity)
    end
  end
end
