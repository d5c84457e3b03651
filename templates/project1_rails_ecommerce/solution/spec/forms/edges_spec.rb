require "rails_helper"

# Each field at both sides of each of its edges.
RSpec.describe "The fields of bodies" do
  address = { "name" => "A", "line1" => "B", "postal_code" => "1", "city" => "C", "region" => "D", "country" => "DE" }
  text = ->(*lengths) { lengths.map { |length| "x" * length } }

  [
    [RegistrationForm, { "email" => "a@b", "password" => "12345678", "first_name" => "A", "last_name" => "B" }, {
      "email" => [["a@b", "#{'a' * 252}@b"], ["a@", "@b", "ab", "#{'a' * 253}@b", "a b@c", "a@b@c"]],
      "password" => [text[8, 72], text[7, 73]],
      "first_name" => [text[1, 100], text[0, 101]],
      "last_name" => [text[1, 100], text[0, 101]],
      "phone" => [["123", "+#{'1' * 29}", "(0) 1-2/3.4", nil], ["12", "+#{'1' * 30}", "1+2", "12a"]]
    }],
    [LoginForm, { "email" => "a", "password" => "b" },
     { "email" => [text[1, 254], text[0, 255]], "password" => [text[1, 1000], text[0, 1001]] }],
    [RefreshForm, {}, { "refresh_token" => [text[1, 1000], text[0, 1001]] }],
    [AccountForm, {}, {
      "first_name" => [text[1, 100], text[0, 101]], "last_name" => [text[1, 100], text[0, 101]],
      "phone" => [["123"], ["12"]]
    }],
    [AccountForm, { "password" => "12345678" }, { "current_password" => [text[1, 1000], text[0, 1001]] }],
    [AccountForm, { "current_password" => "1" }, { "password" => [text[8, 72], text[7, 73]] }],
    [UserForm, {}, { "role" => [%w[customer vendor admin], ["owner", nil]], "active" => [[true, false], ["true", nil]],
                     "email_verified" => [[true, false], [1, nil]] }],
    [CategoryForm, { "name" => "A" }, {
      "name" => [text[1, 100], ["", "x" * 101, 1]], "slug" => [["a", "a-1-b", "x" * 120], ["", "A", "a--b", "x" * 121, nil]],
      "parent_id" => [[nil], [0, "1", true]], "sort_order" => [[0, 1_000_000], [-1, 1_000_001, "1"]],
      "active" => [[true, false], ["yes", nil]]
    }],
    [AddressForm, address, {
      "name" => [text[1, 100], text[0, 101]], "line1" => [text[1, 100], text[0, 101]],
      "line2" => [["", "x" * 100, nil], ["x" * 101]], "postal_code" => [text[1, 20], text[0, 21]],
      "city" => [text[1, 100], text[0, 101]], "region" => [text[1, 100], text[0, 101]],
      "country" => [%w[DE FR], ["D", "DEU", "de", "D1", ""]]
    }],
    [CheckoutForm, { "shipping_address" => address, "shipping_method" => "express", "payment_method" => "card" }, {
      "shipping_method" => [%w[standard express], ["drone", nil]],
      "payment_method" => [%w[card bank_transfer wallet cash], ["gold", nil]]
    }],
    [CartItemForm, { "product_id" => 1, "quantity" => 1 },
     { "product_id" => [[1, (2**63) - 1], [0, 2**63, "1"]], "quantity" => [[1, 99], [0, 100, 1.5]] }],
    [CartQuantityForm, {}, { "quantity" => [[1, 99], [0, 100]] }],
    [ReviewForm, { "rating" => 1, "text" => "x" },
     { "rating" => [[1, 5], [0, 6]], "text" => [text[1, 2000], text[0, 2001]] }],
    [AdjustmentForm, { "delta" => 1, "reason" => "restock" }, {
      "delta" => [[-1_000_000, -1, 1, 1_000_000], [-1_000_001, 0, 1_000_001]],
      "reason" => [%w[restock correction damage return], %w[initial order cancellation]]
    }],
    [PaymentForm, { "amount" => "1", "method" => "card" }, {
      "amount" => [["0.00", "999999999999.99"], ["1000000000000", "-1", 1]],
      "method" => [%w[card bank_transfer wallet cash], ["gold"]]
    }],
    [PaymentEventForm, { "id" => "e", "type" => "other", "data" => {} }, {
      "id" => [text[1, 255], text[0, 256]], "type" => [text[1, 100], text[0, 101]], "data" => [[{}], [[], nil]],
      "created_at" => [["2026-03-01T09:00:00Z"], ["2026-03-01", nil]]
    }],
    [PaymentEventForm::ChargeForm, { "reference" => "r", "amount" => "1", "currency" => "EUR" }, {
      "reference" => [text[1, 255],
                      text[0, 256]], "amount" => [["0.00", "1.5"], [1, "x"]], "currency" => [text[0, 255], text[256]]
    }]
  ].each do |form, rest, fields|
    fields.each do |name, (accepted, refused)|
      it "take and refuse #{name} of #{form} as the contract says" do
        complaints = lambda do |value|
          form.new(rest.merge(name => value)).errors.map { |field, _message| field.to_s }
        end
        expect(accepted.index_with(&complaints)).to eq(accepted.index_with([]))
        expect(refused.index_with(&complaints)).to eq(refused.index_with([name]))
      end
    end
  end

  {
    RegistrationForm => %w[email password first_name last_name], LoginForm => %w[email password],
    RefreshForm => %w[refresh_token], CategoryForm => %w[name], ProductForm => %w[name sku price category_id],
    CartItemForm => %w[product_id quantity], CartQuantityForm => %w[quantity],
    AddressForm => %w[name line1 postal_code city region country],
    CheckoutForm => %w[shipping_address shipping_method payment_method], PaymentForm => %w[amount method],
    PaymentEventForm => %w[id type data], PaymentEventForm::ChargeForm => %w[reference amount currency],
    ReviewForm => %w[rating text], AdjustmentForm => %w[delta reason], AccountForm => [], UserForm => []
  }.each do |form, required|
    it "must be there in a #{form} as the contract says" do
      expect(form.new({}).errors.map { |field, _message| field.to_s }).to match_array(required)
    end
  end

  describe "of products" do
    let(:category) { create(:category) }
    let(:rest) { { "name" => "A", "sku" => "S", "price" => "5", "category_id" => category.id } }

    {
      "name" => [["x", "x" * 200], ["", "x" * 201]], "sku" => [["s", "1._-", "x" * 64], ["", "-a", "a b", "x" * 65]],
      "description" => [["", "x" * 10_000], ["x" * 10_001, nil]], "price" => [%w[0.01 99999.99], %w[0.00 100000 1.001]],
      "compare_price" => [["5.01", "99999.99", nil], %w[5 4.99 100000]],
      "stock_quantity" => [[0, 1_000_000], [-1, 1_000_001]], "low_stock_threshold" => [[0, 1_000_000], [-1, 1_000_001]],
      "category_id" => [[], [0, nil, "1", 2**63]], "vendor_id" => [[], [0, nil]], "active" => [[true, false], [1]],
      "featured" => [[true, false], ["no"]],
      "tags" => [[[], ["x"] * 20, ["x" * 30]], [["x"] * 21, ["x" * 31], ["a,b"], [""], ["a\n,"]]],
      "images" => [[[], ["https://a/#{'x' * 490}"], ["https://a/"] * 10],
                   [["https://a/#{'x' * 491}"], ["https://a/"] * 11, ["http://a/"], ["https://a b"]]]
    }.each do |name, (accepted, refused)|
      it "take and refuse #{name} as the contract says" do
        complaints = ->(value) { ProductForm.new(rest.merge(name => value)).errors.map { |field, _message| field.to_s } }
        expect(accepted.map { |value| complaints[value] }).to all(eq([]))
        expect(refused.map { |value| complaints[value] }).to all(eq([name]))
      end
    end
  end
end
