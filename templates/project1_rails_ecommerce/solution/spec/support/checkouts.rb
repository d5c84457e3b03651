# What a checkout asks for, as a body holds it and as the form gives it.
module Checkouts
  ADDRESS = { "name" => "Ada Example", "line1" => "Lindenweg 4", "line2" => nil, "postal_code" => "10115",
              "city" => "Berlin", "region" => "North", "country" => "DE" }.freeze

  def self.body(**changes)
    { "shipping_address" => ADDRESS, "shipping_method" => "standard", "payment_method" => "card" }
      .merge(changes.stringify_keys)
  end

  def self.details(**) = CheckoutForm.read(body(**))
end
