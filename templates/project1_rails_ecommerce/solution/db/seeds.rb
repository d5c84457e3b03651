# A small shop to look at: bin/rails db:seed, as often as you like. For development only, the passwords are known.
abort("db:seed: only in development") unless Rails.env.development?

def user(role, first_name)
  User.find_or_create_by!(email: "#{role}@example.com") do |user|
    user.assign_attributes(first_name:, last_name: role.capitalize, role:, password: "correct horse",
                           email_verified: true)
  end
end

user("admin", "Ada")
customer = user("customer", "Carl")
vendor = user("vendor", "Vera")

def category(name, parent: nil, sort_order: 0)
  Category.find_or_create_by!(slug: name.parameterize) do |category|
    category.assign_attributes(name:, parent:, sort_order:)
  end
end

books = category("Books")
optics = category("Optics", sort_order: 1)
places = [
  category("Field guides", parent: books), category("Maps", parent: books, sort_order: 1),
  category("Binoculars", parent: optics), category("Telescopes", parent: optics, sort_order: 1)
].index_by(&:name)

[
  ["FG-1", "Birds of the north", "Field guides", "19.90", %w[birds outdoor], 40],
  ["FG-2", "Trees by their bark", "Field guides", "24.50", %w[outdoor trees], 25],
  ["FG-3", "Mushrooms, with care", "Field guides", "22.00", %w[mushrooms outdoor], 4],
  ["MP-1", "Hiking map of the lakes", "Maps", "9.95", %w[hiking lakes], 120],
  ["MP-2", "Night sky, 52° north", "Maps", "12.00", %w[stars], 60],
  ["BN-8", "Binoculars 8×42", "Binoculars", "189.00", %w[birds optics], 7],
  ["BN-10", "Binoculars 10×42", "Binoculars", "209.00", %w[birds optics], 5],
  ["TS-70", "Refractor 70 mm", "Telescopes", "129.99", %w[optics stars], 3]
].each do |sku, name, place, price, tags, stock_quantity|
  next if Product.exists?(sku:)

  ProductWriter.create(vendor, { name:, sku:, slug: Slug.from(name), category: places.fetch(place), price: price.to_d, tags:,
                                 stock_quantity:, description: "#{name}. For whoever likes to look closely." })
end

# One order that is on its way, and a review of it.
if customer.orders.none?
  product = Product.find_by!(sku: "FG-1")
  CartItem.add(customer, product, 2)
  address = { "name" => customer.name, "line1" => "Lindenweg 4", "postal_code" => "10115", "city" => "Berlin",
              "region" => "North", "country" => "DE" }
  details = { "shipping_address" => address, "shipping_method" => "standard", "payment_method" => "card" }
  order = Checkout.new(customer, CheckoutForm.read(details)).call
  %w[paid shipped].each { |status| order.with_lock { order.move_to!(status) } }
  Review.publish(product, customer, { rating: 5, text: "Light enough for the pocket." })
end
