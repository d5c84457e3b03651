FactoryBot.define do
  factory :product do
    sequence(:name) { |number| "Product #{number}" }
    slug { name.parameterize }
    sequence(:sku) { |number| "SKU-#{number}" }
    price { "19.90" }
    stock_quantity { 10 }
    category
    vendor factory: %i[user vendor]
  end
end
