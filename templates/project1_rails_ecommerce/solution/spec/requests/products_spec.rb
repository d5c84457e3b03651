require "rails_helper"

RSpec.describe "Products" do
  def ids = body.fetch("items").pluck("id")

  def list(**params)
    get "/api/v1/products", params: params
    ids
  end

  describe "one" do
    it "is shown with its category and vendor, and money as text" do
      freeze_time
      category = create(:category, name: "Field guides")
      vendor = create(:user, :vendor, first_name: "Vera", last_name: "Vendor")
      product = create(:product, name: "Field guide", sku: "FG-1", description: "Birds.", price: "19.9",
                                 compare_price: "24.5", stock_quantity: 40, tags: %w[birds outdoor], category:, vendor:,
                                 average_rating: "4.5", reviews_count: 2, images: ["https://images.example.com/1.jpg"])
      get "/api/v1/products/#{product.id}"
      expect(response).to have_http_status(:ok)
      expect(body).to eq(
        "id" => product.id, "name" => "Field guide", "slug" => "field-guide", "sku" => "FG-1", "description" => "Birds.",
        "price" => "19.90", "compare_price" => "24.50", "currency" => "EUR", "stock_quantity" => 40,
        "category" => { "id" => category.id, "name" => "Field guides", "slug" => "field-guides" },
        "vendor" => { "id" => vendor.id, "name" => "Vera Vendor" }, "tags" => %w[birds outdoor], "active" => true,
        "featured" => false, "average_rating" => "4.50", "reviews_count" => 2,
        "images" => ["https://images.example.com/1.jpg"],
        "created_at" => Time.current.iso8601(6), "updated_at" => Time.current.iso8601(6)
      )
    end

    it "has no price before, no rating and nothing secret when it is new" do
      get "/api/v1/products/#{create(:product).id}"
      expect(body).to include("compare_price" => nil, "average_rating" => "0.00", "reviews_count" => 0)
      expect(response.body).not_to match(/password|email|threshold|"views_count"/)
    end

    it "is a 404 when it is inactive, unknown, or no number" do
      [create(:product, active: false).id, 0, "9" * 30, "abc", "1.5"].each do |id|
        get "/api/v1/products/#{id}"
        expect(response).to have_http_status(:not_found)
        expect(response.media_type).to eq("application/problem+json")
      end
    end
  end

  describe "a list" do
    it "is a page with its number, size and total" do
      product = create(:product)
      get "/api/v1/products"
      expect(ids).to eq([product.id])
      expect(body.except("items")).to eq("page" => 1, "per_page" => 20, "total" => 1)
    end

    it "shows each product as it is shown alone" do
      product = create(:product)
      get "/api/v1/products/#{product.id}"
      alone = body
      get "/api/v1/products"
      expect(body["items"]).to eq([alone])
    end

    it "leaves out inactive products" do
      create(:product, active: false)
      expect(list).to eq([])
      expect(body["total"]).to eq(0)
    end

    it "begins with the newest, and with the smaller id among equals" do
      old = create(:product, created_at: 2.days.ago)
      time = 1.day.ago
      first = create(:product, created_at: time)
      second = create(:product, created_at: time)
      expect(list).to eq([first.id, second.id, old.id])
      expect(list(sort: "-created_at")).to eq([first.id, second.id, old.id])
      expect(list(sort: "created_at")).to eq([old.id, first.id, second.id])
    end

    it "is sorted by price as a number, with the smaller id among equals" do
      nine = create(:product, price: "9.50")
      ten = create(:product, price: "10.00")
      also_nine = create(:product, price: "9.50")
      expect(list(sort: "price")).to eq([nine.id, also_nine.id, ten.id])
      expect(list(sort: "-price")).to eq([ten.id, nine.id, also_nine.id])
    end

    it "is cut into pages that hold every product once" do
      products = create_list(:product, 5, created_at: Time.current)
      pages = [1, 2, 3].map { |page| list(page:, per_page: 2) }
      expect(pages).to eq([products[0..1], products[2..3], products[4..]].map { |page| page.map(&:id) })
      expect(body).to include("page" => 3, "per_page" => 2, "total" => 5)
    end

    it "is empty past the end" do
      create(:product)
      expect(list(page: 2)).to eq([])
      expect(body).to include("page" => 2, "total" => 1)
    end

    it "takes prices at both edges" do
      products = %w[9.99 10.00 20.00 20.01].map { |price| create(:product, price:) }
      expect(list(min_price: "10", max_price: "20", sort: "price")).to eq(products[1..2].map(&:id))
      expect(list(min_price: "20.00", sort: "price")).to eq(products[2..].map(&:id))
      expect(list(max_price: "9.99")).to eq([products[0].id])
      expect(list(min_price: "10.00", max_price: "10.00")).to eq([products[1].id])
    end

    it "takes a category with everything below it" do
      books = create(:category, name: "Books")
      guides = create(:category, name: "Guides", parent: books)
      in_books = create(:product, category: books, created_at: 1.day.ago)
      in_guides = create(:product, category: guides)
      create(:product)
      expect(list(category: "books")).to eq([in_guides.id, in_books.id])
      expect(list(category: "guides")).to eq([in_guides.id])
    end

    it "finds nothing in a category that visitors don't see" do
      create(:product, category: create(:category, name: "Hidden", active: false))
      expect(list(category: "hidden")).to eq([])
      expect(list(category: "unknown")).to eq([])
    end

    describe "with search" do
      let!(:guide) { create(:product, name: "Birds of the North", description: "Light. 100% paper.", sku: "FG-1") }
      let!(:map) { create(:product, name: "Übersichtskarte", description: "A_B of the \\ north", sku: "MP-7") }

      def found(search) = list(search:).sort

      it "finds each word in name, description or sku, ignoring case" do
        { "birds" => [guide], "BIRDS fg-1" => [guide], "north" => [guide, map], "light birds" => [guide],
          "birds map" => [], "übersicht" => [map], "ÜBERSICHTSKARTE mp-7" => [map], "fg mp" => [],
          " \u00a0 " => [guide, map] }.each do |search, products|
          expect(found(search)).to eq(products.map(&:id).sort)
        end
      end

      it "takes %, _ and backslashes as themselves" do
        { "100%" => [guide], "%" => [guide], "_" => [map], "a_b" => [map], "\\" => [map], "%north" => [], "b_rds" => [] }
          .each { |search, products| expect(found(search)).to eq(products.map(&:id)) }
      end

      it "finds nothing across the end of a field" do
        expect(found("northlight")).to eq([])
        expect(found("paper.fg")).to eq([])
      end

      it "has 1 to 100 characters and no NUL" do
        expect(found("x" * 100)).to eq([])
        ["", "x" * 101, "a\0"].each do |search|
          get "/api/v1/products", params: { search: }
          expect(wrong_fields).to eq(["search"])
        end
      end
    end

    it "has products with all of the tags, ignoring case" do
      both = create(:product, tags: %w[birds outdoor])
      birds = create(:product, tags: %w[birds])
      { "birds" => [both, birds], "Birds, OUTDOOR" => [both], "outdoor,birds,birds" => [both], "bird" => [], "a,b" => [],
        "," => [both, birds] }.each { |tags, products| expect(list(tags:, sort: "created_at")).to eq(products.map(&:id)) }
    end

    it "is sorted by name in lower case, by code point, with the smaller id among equals" do
      products = %w[beta Alpha gamma Zeta alpha Äpfel _x].map { |name| create(:product, name:, slug: "s#{name.hash.abs}") }
      beta, alpha, gamma, zeta, also_alpha, apples, underscore = products.map(&:id)
      expect(list(sort: "name")).to eq([underscore, alpha, also_alpha, beta, gamma, zeta, apples])
      expect(list(sort: "-name")).to eq([apples, zeta, gamma, beta, alpha, also_alpha, underscore])
    end

    it "is sorted by rating, with the smaller id among equals" do
      low, high, also_low = %w[1.50 4.25 1.50].map { |average_rating| create(:product, average_rating:).id }
      expect(list(sort: "average_rating")).to eq([low, also_low, high])
      expect(list(sort: "-average_rating")).to eq([high, low, also_low])
    end

    it "takes the filters together" do
      books = create(:category, name: "Books")
      cheap = create(:product, category: books, price: "5.00")
      create(:product, category: books, price: "50.00")
      create(:product, price: "5.00")
      expect(list(category: "books", max_price: "10")).to eq([cheap.id])
      expect(body["total"]).to eq(1)
    end

    it "takes as many statements for ten products as for two" do
      create_list(:product, 2)
      two = statements_of { list }
      create_list(:product, 8)
      Rails.cache.clear
      ten = statements_of { list }
      expect(ten.size).to eq(two.size)
      expect(ten.size).to eq(5)
    end

    it "names every wrong parameter" do
      get "/api/v1/products", params: { page: 0, per_page: 101, min_price: "abc", sort: "views", category: "" }
      expect(response).to have_http_status(:unprocessable_content)
      expect(wrong_fields).to contain_exactly("page", "per_page", "min_price", "sort", "category")
    end

    it "takes 100 products a page and no more" do
      list(per_page: 100)
      expect(response).to have_http_status(:ok)
      list_of = ->(size) { get("/api/v1/products", params: { per_page: size }) && response.status }
      expect([list_of[101], list_of[0]]).to eq([422, 422])
    end

    it "refuses a highest price below the lowest" do
      get "/api/v1/products", params: { min_price: "10", max_price: "9.99" }
      expect(body["errors"]).to eq([{ "field" => "max_price", "message" => "must not be less than min_price" }])
    end

    it "ignores parameters that nobody knows" do
      create(:product)
      expect(list(colour: "red").size).to eq(1)
    end
  end
end
