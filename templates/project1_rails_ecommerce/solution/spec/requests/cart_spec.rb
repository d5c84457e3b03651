require "rails_helper"

RSpec.describe "The cart" do
  let(:user) { create(:user) }
  let(:headers) { as(user) }
  let(:product) { create(:product, name: "Field guide", sku: "FG-1", price: "19.90", stock_quantity: 5) }

  def add(product_id, quantity, **more) = post_json("/api/v1/cart/items", { product_id:, quantity:, **more }, headers:)

  def item = user.cart_items.sole

  it "is empty at first" do
    get "/api/v1/cart", headers: headers
    expect(response).to have_http_status(:ok)
    expect(body).to eq("items" => [], "subtotal" => "0.00", "currency" => "EUR")
  end

  it "holds what was put in, in the order in which it came" do
    second = create(:product, price: "0.35")
    add(product.id, 2)
    expect(response).to have_http_status(:created)
    line = { "id" => item.id, "quantity" => 2, "unit_price" => "19.90", "line_total" => "39.80", "available" => true,
             "product" => { "id" => product.id, "name" => "Field guide", "slug" => "field-guide", "sku" => "FG-1" } }
    expect(body).to eq(line)
    add(second.id, 3)
    get "/api/v1/cart", headers: headers
    expect(body["items"].first).to eq(line)
    expect(body["items"].last).to include("quantity" => 3, "line_total" => "1.05")
    expect(body["subtotal"]).to eq("40.85")
  end

  it "adds up, at the first price" do
    add(product.id, 2)
    product.update!(price: "25.00")
    add(product.id, 97)
    expect(body).to include("quantity" => 99, "unit_price" => "19.90")
    add(product.id, 1)
    expect(response).to have_http_status(:unprocessable_content)
    expect(wrong_fields).to eq(["quantity"])
    expect(item.quantity).to eq(99)
  end

  it "says what can't be had now" do
    add(product.id, 5)
    expect(body["available"]).to be(true)
    add(product.id, 1)
    expect(body["available"]).to be(false)
    product.update!(active: false, stock_quantity: 50)
    get "/api/v1/cart", headers: headers
    expect(body["items"].first["available"]).to be(false)
  end

  it "takes what is for sale, in quantities from 1 to 99, and no prices" do
    id = product.id
    inactive = create(:product, active: false).id
    [[id, 0, "quantity"], [id, 100, "quantity"], [id, "1", "quantity"], [0, 1, "product_id"], [id + 99, 1, "product_id"],
     [inactive, 1, "product_id"], [2**63, 1, "product_id"]].each do |wrong_id, quantity, field|
      add(wrong_id, quantity)
      expect(response).to have_http_status(:unprocessable_content)
      expect(wrong_fields).to eq([field])
    end
    add(product.id, 1, unit_price: "0.01", total: "0.01")
    expect(wrong_fields).to eq(%w[unit_price total])
    expect(CartItem.count).to eq(0)
  end

  it "changes and loses items" do
    add(product.id, 2)
    product.update!(price: "25.00", active: false)
    patch_json "/api/v1/cart/items/#{item.id}", { quantity: 7 }, headers: headers
    expect(response).to have_http_status(:ok)
    expect(body).to include("quantity" => 7, "unit_price" => "19.90", "line_total" => "139.30")
    [0, 100, nil].each do |quantity|
      patch_json "/api/v1/cart/items/#{item.id}", { quantity: }, headers: headers
      expect(wrong_fields).to eq(["quantity"])
    end
    delete "/api/v1/cart/items/#{item.id}", headers: headers
    expect(response).to have_http_status(:no_content)
    expect(CartItem.count).to eq(0)
  end

  it "is nobody else's" do
    others = create(:cart_item)
    patch_json "/api/v1/cart/items/#{others.id}", { quantity: 7 }, headers: headers
    expect(response).to have_http_status(:not_found)
    delete "/api/v1/cart/items/#{others.id}", headers: headers
    expect(response).to have_http_status(:not_found)
    get "/api/v1/cart", headers: headers
    expect(body["items"]).to eq([])
    expect(others.reload.quantity).to eq(1)
  end

  it "takes as many statements for ten items as for two" do
    headers
    sizes = [2, 8].map do |count|
      create_list(:cart_item, count, user:)
      statements_of { get "/api/v1/cart", headers: headers }.size
    end
    expect(sizes.uniq.size).to eq(1)
  end

  describe "at the same moment" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "counts every addition, and stops at 99" do
      created = product
      at_once(10) { CartItem.add(user, created, 1) }
      expect(item.quantity).to eq(10)
      answers = at_once(10) { CartItem.add(user, created, 20) }
      expect(answers.compact.size).to eq(4)
      expect(item.quantity).to eq(90)
    end
  end
end
