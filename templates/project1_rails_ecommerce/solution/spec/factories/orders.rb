FactoryBot.define do
  factory :cart_item do
    user
    product
    quantity { 1 }
    unit_price { product.price }
  end

  # An order as a checkout makes it, of a user whose cart held these products.
  factory :order do
    transient do
      products { [association(:product)] }
      quantity { 1 }
      shipping_method { "standard" }
    end
    user

    to_create { |order| order }
    initialize_with do
      products.each { |product| create(:cart_item, user:, product:, quantity:) }
      Checkout.new(user, Checkouts.details(shipping_method:)).call
    end

    trait(:paid) { after(:create) { |order| order.move_to!("paid") } }
    trait(:shipped) { after(:create) { |order| %w[paid shipped].each { |status| order.move_to!(status) } } }
    trait(:delivered) { after(:create) { |order| %w[paid shipped delivered].each { |status| order.move_to!(status) } } }
    trait(:cancelled) { after(:create) { |order| Cancellation.call(order) } }
  end

  factory :payment do
    order
    user { order.user }
    sequence(:idempotency_key) { |number| "key-#{number}" }
    provider_key { SecureRandom.uuid }
    sequence(:provider_reference) { |number| "ch_#{number}" }
    amount { order.total }
    payment_method { "card" }
  end
end
