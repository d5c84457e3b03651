require "rails_helper"

RSpec.describe "Cached pages" do
  let(:vendor) { create(:user, :vendor) }
  let!(:product) { create(:product, vendor:, name: "Field guide", price: "19.90", category:) }
  let(:category) { create(:category, name: "Guides") }
  let(:paths) { ["/api/v1/products/#{product.id}", "/api/v1/products", "/api/v1/products?search=guide"] }

  def etag_of(path)
    get path
    response.headers["ETag"]
  end

  # The status, with the ETag of an earlier answer.
  def again(path, etag)
    get path, headers: { "If-None-Match" => etag }
    response.status
  end

  it "are a 304 without a body as long as they are the same" do
    [*paths, "/api/v1/categories"].each do |path|
      etag = etag_of(path)
      expect(etag).to match(/\A"\h{32}"\z/)
      expect(again(path, etag)).to eq(304)
      expect([response.body, response.headers["ETag"], response.headers["Cache-Control"]]).to eq(["", etag, "no-cache"])
      [%("x", W/#{etag}), "*"].each { |header| expect(again(path, header)).to eq(304) }
      [%("x"), "", etag.delete('"'), %("x", *)].each { |header| expect(again(path, header)).to eq(200) }
    end
  end

  it "reach the database with one statement the second time" do
    [*paths, "/api/v1/categories"].each do |path|
      etag = etag_of(path)
      first = response.body
      expect(statements_of { get path }.size).to eq(1)
      expect(response.body).to eq(first)
      expect(statements_of { again(path, etag) }.size).to eq(1)
    end
  end

  it "are others for other filters, pages and sorts" do
    create(:product, price: "5.00")
    queries = ["", "?per_page=1", "?per_page=1&page=2", "?sort=price", "?sort=-price", "?min_price=10", "?max_price=10",
               "?search=guide", "?tags=x", "?category=guides", "?search=product"]
    bodies = queries.map { |query| get("/api/v1/products#{query}") && response.body }
    cached = queries.map { |query| get("/api/v1/products#{query}") && response.body }
    expect(cached).to eq(bodies)
    expect(body["items"].size).to eq(1)
    expect(bodies.values_at(1, 2, 3, 4).uniq.size).to eq(4)
  end

  it "are the same for the same filters in other words" do
    get "/api/v1/products?search=Guide%20field&tags=b,A&min_price=1.0"
    expect(statements_of { get "/api/v1/products?tags=a,B&search=field%20GUIDE&min_price=1" }.size).to eq(1)
  end

  describe "show a change at once, on the product and on its lists:" do
    def self.shows(what, text, &change)
      it what do
        before = paths.map { |path| etag_of(path) }
        instance_exec(&change)
        paths.zip(before).each do |path, etag|
          expect(again(path, etag)).to eq(200)
          expect(response.body).to include(text)
        end
      end
    end

    def headers = @headers ||= as(vendor)
    def admin = @admin ||= as(create(:user, :admin))

    shows("a price", '"price":"17.90"') { patch_json "/api/v1/products/#{product.id}", { price: "17.90" }, headers: headers }
    shows("a stock after an adjustment", '"stock_quantity":13') do
      post_json "/api/v1/inventory/#{product.id}/adjustments", { delta: 3, reason: "restock" }, headers: headers
    end
    shows("a stock after a sale", '"stock_quantity":8') { create(:order, products: [product], quantity: 2) }
    shows("a category's name", '"name":"Renamed"') do
      patch_json "/api/v1/categories/#{category.id}", { name: "Renamed" }, headers: admin
    end
    shows("a vendor's name", '"name":"Grace Example"') do
      patch_json "/api/v1/users/me", { first_name: "Grace" }, headers: headers
    end
    shows("a review", '"average_rating":"4.00"') { Review.publish(product, create(:user), { rating: 4, text: "x" }) }

    it "a sale that was cancelled" do
      order = create(:order, products: [product], quantity: 2)
      before = paths.map { |path| etag_of(path) }
      Cancellation.call(order)
      expect(paths.zip(before).map { |path, etag| again(path, etag) }).to eq([200, 200, 200])
      expect(response.body).to include('"stock_quantity":10')
    end

    it "a product that is gone, and one that is new" do
      lists = paths.drop(1)
      before = lists.map { |path| etag_of(path) }
      etag_of(paths.first)
      patch_json "/api/v1/products/#{product.id}", { active: false }, headers: headers
      get paths.first
      expect(response).to have_http_status(:not_found)
      expect(lists.zip(before).map { |path, etag| again(path, etag) }).to eq([200, 200])
      expect(body["items"]).to eq([])
      post_json "/api/v1/products", { name: "Guide 2", sku: "G-2", price: "1", category_id: category.id }, headers: headers
      get lists.first
      expect(body["items"].pluck("sku")).to eq(["G-2"])
      delete "/api/v1/products/#{body['items'].first['id']}", headers: headers
      get lists.first
      expect(body["items"]).to eq([])
    end

    it "a category that was moved or made, in the tree" do
      etag = etag_of("/api/v1/categories")
      post_json "/api/v1/categories", { name: "Maps", parent_id: category.id }, headers: admin
      expect(again("/api/v1/categories", etag)).to eq(200)
      expect(body["items"].first["children"].pluck("name")).to eq(["Maps"])
      delete "/api/v1/categories/#{Category.last.id}", headers: admin
      expect(again("/api/v1/categories", etag)).to eq(304)
    end
  end

  it "keep their ETag when something changes that they don't show" do
    etag = etag_of(paths.first)
    create(:order)
    expect(again(paths.first, etag)).to eq(304)
  end

  it "aren't stored by a reader who was overtaken by a change" do
    allow(ProductSerializer).to receive(:new).and_wrap_original do |original, shown|
      allow(ProductSerializer).to receive(:new).and_call_original
      old = original.call(shown).as_json
      ProductWriter.update(Product.find(product.id)) { { price: BigDecimal("17.90") } }
      instance_double(ProductSerializer, as_json: old)
    end
    get paths.first
    expect(body["price"]).to eq("19.90")
    get paths.first
    expect(body["price"]).to eq("17.90")
  end

  it "are made anew without Redis" do
    store = ActiveSupport::Cache::RedisCacheStore.new(url: "redis://127.0.0.1:1/0", pool: false, reconnect_attempts: 0)
    allow(Rails).to receive(:cache).and_return(store)
    allow(Shop).to receive(:redis).and_return(Redis.new(url: "redis://127.0.0.1:1/0", reconnect_attempts: 0))
    etags = Array.new(2) { etag_of(paths.first) }
    expect(response).to have_http_status(:ok)
    expect(etags.uniq.size).to eq(1)
    expect(again(paths.first, etags.first)).to eq(304)
  end

  describe "of a product are views" do
    it "counted without a write in the request, a 304 too, and an unknown product not" do
      etag = etag_of(paths.first)
      expect(statements_of { again(paths.first, etag) }.grep(/UPDATE|INSERT/)).to eq([])
      get "/api/v1/products/0"
      get "/api/v1/products"
      ProductViews.store
      expect(product.reload).to have_attributes(views_count: 2, updated_at: product.updated_at)
      expect(ProductViews.any?).to be(false)
    end
  end
end
