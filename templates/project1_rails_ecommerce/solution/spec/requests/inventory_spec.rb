require "rails_helper"

RSpec.describe "The inventory" do
  let(:vendor) { create(:user, :vendor) }
  let(:headers) { as(vendor) }

  def list(headers: self.headers, **params)
    get "/api/v1/inventory", params: params, headers: headers
    body["items"]&.pluck("product_id")
  end

  def adjust(product, delta, reason = "restock", headers: self.headers)
    post_json "/api/v1/inventory/#{product.id}/adjustments", { delta:, reason: }, headers:
  end

  def own(**) = create(:product, vendor:, **)

  it "lists the own products, inactive ones too, by id" do
    product = own(name: "Guide", sku: "FG-1", stock_quantity: 5, active: false, views_count: 311)
    other = create(:product)
    get "/api/v1/inventory", headers: headers
    expect(response).to have_http_status(:ok)
    expect(body).to eq("items" => [{ "product_id" => product.id, "sku" => "FG-1", "name" => "Guide", "active" => false,
                                     "stock_quantity" => 5, "low_stock_threshold" => 5, "low_stock" => true,
                                     "views_count" => 311 }], "page" => 1, "per_page" => 20, "total" => 1)
    expect(list(headers: as(create(:user, :admin)))).to eq([product.id, other.id])
  end

  it "lists what is low, and what isn't" do
    low = own(stock_quantity: 5)
    fine = own(stock_quantity: 6)
    expect(list(low_stock: "true")).to eq([low.id])
    expect(list(low_stock: "false")).to eq([fine.id])
    expect(list(per_page: 1, page: 2)).to eq([fine.id])
    expect(body["items"].first["low_stock"]).to be(false)
    list(low_stock: "1")
    expect(wrong_fields).to eq(["low_stock"])
  end

  it "is changed by so much, with an entry in the ledger" do
    freeze_time
    product = own(stock_quantity: 4)
    adjust(product, 20)
    expect(response).to have_http_status(:created)
    expect(body).to eq("id" => StockMovement.last.id, "product_id" => product.id, "delta" => 20, "reason" => "restock",
                       "order_id" => nil, "stock_quantity" => 24, "created_at" => Time.current.iso8601(6))
    adjust(product, -24, "damage")
    expect(body).to include("delta" => -24, "reason" => "damage", "stock_quantity" => 0)
    expect(product.reload.stock_quantity).to eq(0)
  end

  it "is never negative, and at most a million" do
    product = own(stock_quantity: 4)
    [-5, 999_997].each do |delta|
      adjust(product, delta)
      expect(response).to have_http_status(:conflict)
    end
    expect(product.reload.stock_quantity).to eq(4)
    adjust(product, 999_996)
    expect(body["stock_quantity"]).to eq(1_000_000)
    expect { product.update_columns(stock_quantity: -1) }.to raise_error(ActiveRecord::StatementInvalid, /products_stock/)
  end

  it "is changed by whole numbers other than 0, for one of four reasons" do
    product = own
    [[0, "restock"], [1.5, "restock"], %w[1 restock], [1_000_001, "restock"],
     [-1_000_001, "restock"]].each do |delta, reason|
      adjust(product, delta, reason)
      expect(wrong_fields).to eq(["delta"])
    end
    %w[order initial theft].each do |reason|
      adjust(product, 1, reason)
      expect(wrong_fields).to eq(["reason"])
    end
    expect(product.stock_movements.count).to eq(1)
    %w[restock correction damage return].each do |reason|
      adjust(product, 1, reason)
      expect(response).to have_http_status(:created)
    end
  end

  it "is nobody else's" do
    product = create(:product)
    adjust(product, 1)
    expect(response).to have_http_status(:not_found)
    adjust(product, 1, headers: as(create(:user, :admin)))
    expect(response).to have_http_status(:created)
    customer = as(create(:user))
    adjust(product, 1, headers: customer)
    expect(response).to have_http_status(:forbidden)
    list(headers: customer)
    expect(response).to have_http_status(:forbidden)
  end

  describe "of a ledger that" do
    it "is never changed" do
      movement = own.stock_movements.sole
      expect { movement.update!(delta: 7) }.to raise_error(ActiveRecord::ReadOnlyRecord)
      expect { movement.destroy }.to raise_error(ActiveRecord::ReadOnlyRecord)
    end
  end

  describe "running low" do
    let(:product) { own(stock_quantity: 8, low_stock_threshold: 5) }

    def told = Notification.where(kind: "low_stock").count

    it "is told once, when the stock falls to the threshold" do
      steps = [-1, -1, -1, -1, -1].map do |delta|
        adjust(product, delta)
        told
      end
      expect(steps).to eq([0, 0, 1, 1, 1])
      expect(LowStockJob).to have_been_enqueued.exactly(:once).on_queue("default")
    end

    it "is told again when it has been above in between" do
      [-3, 3, -1, -2].each { |delta| adjust(product, delta) }
      expect(told).to eq(2)
      adjust(product, 1)
      adjust(product, -1)
      expect(told).to eq(3)
    end

    it "is told by a checkout, and not by one that is refused" do
      buyer = create(:user)
      create(:cart_item, user: buyer, product:, quantity: 9)
      expect { Checkout.new(buyer, Checkouts.details).call }.to raise_error(Problems::Conflict)
      expect(told).to eq(0)
      buyer.cart_items.sole.update!(quantity: 3)
      Checkout.new(buyer, Checkouts.details).call
      expect(told).to eq(1)
    end

    it "isn't told of a product that is made with little" do
      own(stock_quantity: 3)
      expect(told).to eq(0)
    end
  end

  describe "at the same moment" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "gives what is there, and tells of the threshold once" do
      product = own(stock_quantity: 8, low_stock_threshold: 5)
      answers = at_once(10) do
        Stock.adjust(Product.find(product.id), -1, reason: "damage") && :taken
      rescue Problems::Conflict
        :refused
      end
      expect(answers.tally).to eq(taken: 8, refused: 2)
      expect(product.stock_movements.order(:id).pluck(:stock_quantity)).to eq([8, 7, 6, 5, 4, 3, 2, 1, 0])
      expect(Notification.count).to eq(1)
    end
  end
end
