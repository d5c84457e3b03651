require "rails_helper"

RSpec.describe "Writing products" do
  let(:vendor) { create(:user, :vendor) }
  let(:admin) { create(:user, :admin) }
  let(:category) { create(:category, name: "Field guides") }
  let(:fields) { { name: "Field guide", sku: "FG-1", price: "19.9", category_id: category.id } }
  let(:headers) { as(vendor) }

  def make(headers: self.headers, **changes) = post_json("/api/v1/products", fields.merge(changes), headers:)

  def change(product, headers: self.headers, **changes) = patch_json("/api/v1/products/#{product.id}", changes, headers:)

  def own(**) = create(:product, vendor:, **)

  describe "makes one" do
    it "with the stock's first entry in the ledger" do
      make(stock_quantity: 40, tags: ["Outdoor", " birds", "outdoor"], description: " Birds. ", compare_price: "24.90",
           images: ["https://images.example.com/1.jpg"], low_stock_threshold: 3, featured: true)
      expect(response).to have_http_status(:created)
      product = Product.last
      expect(response.headers["Location"]).to eq("/api/v1/products/#{product.id}")
      expect(body).to include("name" => "Field guide", "slug" => "field-guide", "sku" => "FG-1", "price" => "19.90",
                              "compare_price" => "24.90", "stock_quantity" => 40, "tags" => %w[birds outdoor],
                              "description" => "Birds.", "featured" => true, "active" => true,
                              "vendor" => { "id" => vendor.id, "name" => "Ada Example" })
      expect(product.low_stock_threshold).to eq(3)
      expect(product.stock_movements.pluck(:delta, :reason, :order_id, :stock_quantity)).to eq([[40, "initial", nil, 40]])
    end

    it "with none, where there is no stock" do
      make
      expect(body).to include("stock_quantity" => 0, "description" => "", "tags" => [], "images" => [],
                              "compare_price" => nil)
      expect(Product.last).to have_attributes(stock_movements: [], low_stock_threshold: 5, stock_quantity: 0)
      expect(Notification.count).to eq(0)
    end

    it "at the edges of what is allowed" do
      make(price: "0.01", compare_price: "0.02", stock_quantity: 1_000_000, name: "x" * 200, sku: "s" * 64,
           tags: Array.new(20) { |number| "t#{number}".ljust(30, "x") }, images: ["https://a/#{'x' * 490}"] * 10)
      expect(response).to have_http_status(:created)
      expect(body["slug"]).to eq("x" * 120)
      make(price: "99999.99", sku: "2", name: "Two")
      expect(response).to have_http_status(:created)
    end

    it "for the admin, or for whom the admin names" do
      make(headers: as(admin))
      expect(Product.last.vendor).to eq(admin)
      make(headers: as(admin), vendor_id: vendor.id, sku: "FG-2", name: "Another")
      expect(Product.last.vendor).to eq(vendor)
      make(headers: as(admin), vendor_id: create(:user).id, sku: "FG-3", name: "Third")
      expect(wrong_fields).to eq(["vendor_id"])
    end
  end

  it "names every wrong field, all in one answer" do
    make(price: 19.9, compare_price: "x", category_id: category.id + 1, sku: "FG 1", vendor_id: vendor.id,
         stock_quantity: -1, name: "", tags: ["a,b"], images: ["http://a"], low_stock_threshold: 1_000_001, featured: 1)
    expect(response).to have_http_status(:unprocessable_content)
    expect(wrong_fields).to match_array(%w[price compare_price category_id sku vendor_id stock_quantity name tags images
                                           low_stock_threshold featured])
    expect(Product.count).to eq(0)
  end

  it "takes prices as texts from 0.01 to 99999.99, and the price before only if it was higher" do
    ["-1", "1e3", "19.905", "0.00", "100000.00", 5, nil, ""].each do |price|
      make(price:)
      expect(wrong_fields).to eq(["price"])
    end
    %w[19.90 19.89].each do |compare_price|
      make(compare_price:)
      expect(wrong_fields).to eq(["compare_price"])
    end
  end

  it "takes tags and images in limits" do
    [["x" * 31], ["a"] * 21, [" "], "a", [1], nil].each do |tags|
      make(tags:)
      expect(wrong_fields).to eq(["tags"])
    end
    [["https://a b"], ["https://a/#{'x' * 491}"], ["https://a"] * 11, ["https://[x"], "https://a"].each do |images|
      make(images:)
      expect(wrong_fields).to eq(["images"])
    end
  end

  it "takes a sku once in whatever case, and a slug once, and names each that is taken" do
    own(sku: "FG-1", name: "Field guide")
    make(sku: "fg-1", name: "Other")
    expect(response).to have_http_status(:conflict)
    expect(wrong_fields).to eq(["sku"])
    make(sku: "FG-2")
    expect(wrong_fields).to eq(["slug"])
    make
    expect(wrong_fields).to eq(%w[sku slug])
    change(own(sku: "FG-9"), sku: "FG-1")
    expect(response).to have_http_status(:conflict)
    expect(wrong_fields).to eq(["sku"])
  end

  describe "changes one" do
    it "and leaves what isn't named" do
      product = own(name: "Old", price: "10.00", tags: ["a"])
      change(product, name: "New", price: "12.5", compare_price: "20")
      expect(response).to have_http_status(:ok)
      expect(body).to include("name" => "New", "slug" => "old", "price" => "12.50", "compare_price" => "20.00",
                              "tags" => ["a"])
      change(product, compare_price: nil, active: false)
      expect(body).to include("compare_price" => nil, "active" => false)
      expect(product.stock_movements.count).to eq(1)
    end

    it "but never its stock, nor its vendor for a vendor" do
      product = own
      change(product, stock_quantity: 5, vendor_id: vendor.id)
      expect(wrong_fields).to match_array(%w[stock_quantity vendor_id])
      change(product)
      expect(response).to have_http_status(:unprocessable_content)
    end

    it "with the price before above the price, whichever of them is changed" do
      product = own(price: "10.00", compare_price: "12.00")
      { { price: "12.00" } => 422, { compare_price: "10.00" } => 422, { price: "11.99" } => 200,
        { price: "20.00", compare_price: "21.00" } => 200 }.each do |changes, status|
        change(product, **changes)
        expect(response).to have_http_status(status)
      end
    end

    it "of another vendor only as an admin, who may give it away" do
      product = create(:product)
      change(product, name: "Mine")
      expect(response).to have_http_status(:forbidden)
      change(product, headers: as(admin), name: "Theirs", vendor_id: vendor.id)
      expect(body).to include("name" => "Theirs", "vendor" => { "id" => vendor.id, "name" => "Ada Example" })
    end
  end

  it "notices a category that went while the form was read" do
    product = own
    allow(product).to receive(:update!).and_raise(ActiveRecord::InvalidForeignKey)
    expect { ProductWriter.update(product) { {} } }.to raise_error(Problems::Invalid)
  end

  describe "deletes one" do
    it "with its ledger, also from carts" do
      product = own
      create(:cart_item, product:)
      delete "/api/v1/products/#{product.id}", headers: headers
      expect(response).to have_http_status(:no_content)
      expect([Product.count, CartItem.count, StockMovement.count]).to eq([0, 0, 0])
    end

    it "unless it was ordered" do
      product = own
      create(:order, products: [product])
      delete "/api/v1/products/#{product.id}", headers: headers
      expect(response).to have_http_status(:conflict)
      expect(Product.count).to eq(1)
    end

    it "of another vendor only as an admin" do
      product = create(:product)
      delete "/api/v1/products/#{product.id}", headers: headers
      expect(response).to have_http_status(:forbidden)
      delete "/api/v1/products/#{product.id}", headers: as(admin)
      expect(response).to have_http_status(:no_content)
    end
  end

  it "is nothing for customers, who learn nothing about what is there" do
    customer = as(create(:user))
    make(headers: customer)
    expect(response).to have_http_status(:forbidden)
    ["/api/v1/products/#{own.id}", "/api/v1/products/0"].each do |path|
      patch_json path, { name: "X" }, headers: customer
      expect(response).to have_http_status(:forbidden)
      delete path, headers: customer
      expect(response).to have_http_status(:forbidden)
    end
  end

  it "is a 404 where there is none" do
    patch_json "/api/v1/products/0", { name: "X" }, headers: headers
    expect(response).to have_http_status(:not_found)
    delete "/api/v1/products/0", headers: headers
    expect(response).to have_http_status(:not_found)
  end

  describe "at the same moment" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "makes one of ten with one sku" do
      answers = at_once(10) do |number|
        given = { name: "Guide", slug: "guide-#{number}", sku: "FG-1", price: BigDecimal("1"), category_id: category.id }
        ProductWriter.create(vendor, given) && :made
      rescue Problems::Conflict => e
        e.errors.pluck(:field)
      end
      expect(answers.tally).to eq(:made => 1, ["sku"] => 9)
    end
  end
end
