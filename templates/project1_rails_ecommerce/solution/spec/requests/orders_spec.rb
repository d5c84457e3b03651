require "rails_helper"

RSpec.describe "Orders" do
  let(:user) { create(:user) }
  let(:headers) { as(user) }
  let(:admin) { create(:user, :admin) }
  let(:guide) do
    create(:product, name: "Field guide", sku: "FG-1", price: "19.90", category: create(:category, name: "Guides"))
  end
  let(:binoculars) do
    create(:product, name: "Binoculars", sku: "BN-8", price: "89.50", category: create(:category, name: "Optics"))
  end

  def fill(*lines, owner: user)
    lines.each { |product, quantity| create(:cart_item, user: owner, product:, quantity:) }
  end

  def check_out(headers: self.headers, **changes) = post_json("/api/v1/orders", Checkouts.body(**changes), headers:)

  def act(order, action, headers: self.headers) = post("/api/v1/orders/#{order.id}/#{action}", headers:)

  describe "are made by a checkout" do
    it "with lines, figures and addresses as the contract says, and an empty cart" do
      freeze_time
      fill([guide, 2], [binoculars, 2])
      check_out
      expect(response).to have_http_status(:created)
      order = Order.sole
      expect(response.headers["Location"]).to eq("/api/v1/orders/#{order.id}")
      expect(body).to eq(
        "id" => order.id, "order_number" => order.order_number, "status" => "pending", "currency" => "EUR",
        "subtotal" => "218.80", "discount" => "21.88", "tax" => "37.42", "shipping" => "0.00", "total" => "234.34",
        "shipping_method" => "standard", "payment_method" => "card",
        "shipping_address" => Checkouts::ADDRESS, "billing_address" => Checkouts::ADDRESS,
        "items" => [
          { "line" => 1, "product_id" => guide.id, "product_name" => "Field guide", "sku" => "FG-1", "category" => "Guides",
            "quantity" => 2, "unit_price" => "19.90", "line_total" => "39.80", "discount" => "3.98", "tax" => "6.81",
            "total" => "42.63" },
          { "line" => 2, "product_id" => binoculars.id, "product_name" => "Binoculars", "sku" => "BN-8",
            "category" => "Optics", "quantity" => 2, "unit_price" => "89.50", "line_total" => "179.00",
            "discount" => "17.90", "tax" => "30.61", "total" => "191.71" }
        ],
        "created_at" => Time.current.iso8601(6), "paid_at" => nil, "shipped_at" => nil, "delivered_at" => nil,
        "cancelled_at" => nil
      )
      expect(user.cart_items.count).to eq(0)
    end

    it "with the lines in the order of the cart, and stock taken with its ledger" do
      fill([binoculars, 1], [guide, 2])
      check_out(shipping_method: "express")
      expect(body["items"].pluck("line", "product_id")).to eq([[1, binoculars.id], [2, guide.id]])
      expect(body).to include("shipping" => "12.90", "shipping_method" => "express")
      expect([guide, binoculars].map { |product| product.reload.stock_quantity }).to eq([8, 9])
      expect(guide.stock_movements.order(:id).pluck(:delta, :reason, :order_id, :stock_quantity))
        .to eq([[10, "initial", nil, 10], [-2, "order", Order.sole.id, 8]])
    end

    it "at the prices of the cart" do
      fill([guide, 1])
      guide.update!(price: "99.00")
      check_out
      expect(body["items"].first).to include("unit_price" => "19.90", "total" => "23.68")
    end

    it "with addresses without white space around, and a billing address of its own" do
      fill([guide, 1])
      billing = { name: " Grace ", line1: "Main 1", line2: " ", postal_code: "1", city: "X", region: "Y", country: "US" }
      check_out(billing_address: billing, shipping_address: Checkouts::ADDRESS.except("line2"))
      expect(body["billing_address"]).to include("name" => "Grace", "line2" => "")
      expect(body["shipping_address"]).to eq(Checkouts::ADDRESS)
    end

    it "with a number that is unique and tells nothing" do
      numbers = Array.new(200) { Order.new_number }
      expect(numbers.uniq.size).to eq(200)
      expect(numbers).to all(match(/\AR-[A-HJ-NP-Z2-9]{10}\z/))
    end
  end

  describe "aren't made" do
    def refused(status, &block)
      expect(&block).not_to(change { [Order.count, CartItem.pluck(:quantity), Product.pluck(:stock_quantity)] })
      expect(response).to have_http_status(status)
    end

    it "from an empty cart" do
      refused(:conflict) { check_out }
      expect(body["detail"]).to eq("The cart is empty.")
    end

    it "when a line can't be had; each such line is named" do
      gone = create(:product, active: false)
      fill([guide, 10], [binoculars, 11], [gone, 1])
      refused(:conflict) { check_out }
      expect(body["errors"]).to eq([
                                     { "field" => "items.#{binoculars.id}", "message" => "11 wanted, 10 in stock" },
                                     { "field" => "items.#{gone.id}", "message" => "is not for sale any more" }
                                   ])
    end

    it "with an address that isn't one, or with figures of the client's own" do
      fill([guide, 1])
      address = Checkouts::ADDRESS.merge("city" => " ", "country" => "Germany").except("name")
      refused(:unprocessable_content) { check_out(shipping_address: address, shipping_method: "drone", total: "0.01") }
      expect(wrong_fields).to match_array(%w[shipping_address.city shipping_address.country shipping_address.name
                                             shipping_method total])
      refused(:unprocessable_content) { check_out(billing_address: {}, discount: "5", tax: 0, unit_price: "1") }
      expect(wrong_fields).to include("billing_address.name", "discount", "tax", "unit_price")
      refused(:unprocessable_content) { check_out(payment_method: "gold", shipping_address: "Berlin") }
      expect(wrong_fields).to match_array(%w[payment_method shipping_address])
    end

    it "with an address that is too long" do
      fill([guide, 1])
      { "name" => 101, "line2" => 101, "postal_code" => 21, "region" => 101 }.each do |field, length|
        refused(:unprocessable_content) { check_out(shipping_address: Checkouts::ADDRESS.merge(field => "x" * length)) }
        expect(wrong_fields).to eq(["shipping_address.#{field}"])
      end
    end
  end

  it "keep what they were, whatever becomes of their products" do
    order = create(:order, user:, products: [guide])
    get "/api/v1/orders/#{order.id}", headers: headers
    before = body
    guide.category.update!(name: "Renamed")
    guide.update!(name: "Renamed", price: "1.00", sku: "NEW", active: false)
    get "/api/v1/orders/#{order.id}", headers: headers
    expect(body).to eq(before)
  end

  it "can't be wrong, whatever the code forgets" do
    order = create(:order)
    expect { order.update_columns(total: 1) }.to raise_error(ActiveRecord::StatementInvalid, /orders_total/)
  end

  describe "of somebody else" do
    let(:order) { create(:order) }

    it "aren't there for customers and vendors" do
      [user, create(:user, :vendor)].each do |stranger|
        others = as(stranger)
        get "/api/v1/orders/#{order.id}", headers: others
        expect(response).to have_http_status(:not_found)
        act(order, "cancel", headers: others)
        expect(response).to have_http_status(:not_found)
        get "/api/v1/orders", headers: others
        expect(body["items"]).to eq([])
      end
      expect(order.reload.status).to eq("pending")
    end

    it "are there for admins, who may cancel them" do
      get "/api/v1/orders/#{order.id}", headers: as(admin)
      expect(body["order_number"]).to eq(order.order_number)
      act(order, "cancel", headers: as(admin))
      expect(body["status"]).to eq("cancelled")
    end
  end

  describe "are listed" do
    let!(:old) { create(:order, user:).tap { |order| order.update!(created_at: 1.day.ago) } }
    let!(:latest) { create(:order, user:, products: [guide, binoculars]) }

    def list(headers: self.headers, **params)
      get "/api/v1/orders", params: params, headers: headers
      body["items"]&.pluck("id")
    end

    it "newest first, the own ones, or everybody's for an admin" do
      other = create(:order)
      same = create(:order, user:).tap { |order| order.update!(created_at: latest.created_at) }
      expect(list).to eq([same.id, latest.id, old.id])
      expect(list(headers: as(admin))).to contain_exactly(other.id, same.id, latest.id, old.id)
      get "/api/v1/orders/#{latest.id}", headers: headers
      alone = body
      list
      expect(body["items"][1]).to eq(alone)
    end

    it "by status and by page" do
      old.move_to!("paid")
      expect(list(status: "paid")).to eq([old.id])
      expect(list(status: "shipped")).to eq([])
      expect(list(page: 2, per_page: 1)).to eq([old.id])
      expect(body).to include("page" => 2, "per_page" => 1, "total" => 2)
      list(status: "lost", page: 0)
      expect(wrong_fields).to match_array(%w[status page])
    end

    it "with as many statements for ten as for two" do
      headers
      two = statements_of { list }
      create_list(:order, 8, user:)
      expect(statements_of { list }.size).to eq(two.size)
    end
  end

  describe "change their status" do
    let(:customer) { create(:user) }
    let(:everybody) { as(admin) }

    # What an operation answers for each status, and which status the order has then.
    def outcomes(action)
      %i[pending paid shipped delivered cancelled].to_h do |status|
        order = status == :pending ? create(:order, user:) : create(:order, status, user:)
        act(order, action, headers: everybody)
        [status, [response.status, order.reload.status]]
      end
    end

    it "only as the contract says" do
      expect(outcomes("cancel")).to eq(pending: [200, "cancelled"], paid: [409, "paid"], shipped: [409, "shipped"],
                                       delivered: [409, "delivered"], cancelled: [409, "cancelled"])
      expect(outcomes("ship")).to eq(pending: [409, "pending"], paid: [200, "shipped"], shipped: [409, "shipped"],
                                     delivered: [409, "delivered"], cancelled: [409, "cancelled"])
      expect(outcomes("deliver")).to eq(pending: [409, "pending"], paid: [409, "paid"], shipped: [200, "delivered"],
                                        delivered: [409, "delivered"], cancelled: [409, "cancelled"])
    end

    it "and keep the time of each change" do
      order = create(:order, user:)
      times = %w[paid shipped delivered].map do |status|
        travel 1.minute
        freeze_time
        order.move_to!(status)
        Time.current
      end
      get "/api/v1/orders/#{order.id}", headers: headers
      expect(body.values_at("paid_at", "shipped_at", "delivered_at")).to eq(times.map { |time| time.iso8601(6) })
      expect(body["cancelled_at"]).to be_nil
    end

    it "by admins only, but for a cancellation" do
      order = create(:order, :paid, user:)
      %w[ship deliver].each do |action|
        act(order, action)
        expect(response).to have_http_status(:forbidden)
        post "/api/v1/orders/0/#{action}", headers: headers
        expect(response).to have_http_status(:forbidden)
        post "/api/v1/orders/0/#{action}", headers: everybody
        expect(response).to have_http_status(:not_found)
      end
    end

    it "to no other one in the model, either" do
      order = create(:order)
      expect { order.move_to!("delivered") }.to raise_error(Order::IllegalChange)
      expect { create(:order, :cancelled).move_to!("paid") }.to raise_error(Order::IllegalChange)
    end
  end

  describe "when they are cancelled" do
    it "give their stock back, with an entry in the ledger" do
      order = create(:order, user:, products: [guide, binoculars], quantity: 3)
      act(order, "cancel")
      expect(response).to have_http_status(:ok)
      expect(body).to include("status" => "cancelled", "cancelled_at" => be_present)
      [guide, binoculars].each do |product|
        expect(product.reload.stock_quantity).to eq(10)
        expect(product.stock_movements.order(:id).pluck(:delta, :reason, :order_id, :stock_quantity))
          .to eq([[10, "initial", nil, 10], [-3, "order", order.id, 7], [3, "cancellation", order.id, 10]])
      end
    end

    it "have no payment under way; one that failed doesn't matter" do
      order = create(:order, user:)
      payment = create(:payment, order:)
      act(order, "cancel")
      expect(response).to have_http_status(:conflict)
      payment.update!(status: "failed")
      act(order, "cancel")
      expect(response).to have_http_status(:ok)
    end
  end

  describe "at the same moment" do
    self.use_transactional_tests = false
    after { empty_tables }

    # Only the answer of each: :ok, or the detail of a conflict.
    def outcome
      yield
      :ok
    rescue Problems::Conflict, Order::IllegalChange => e
      e.class.name.demodulize
    end

    it "sell the last five units exactly five times" do
      product = create(:product, stock_quantity: 5)
      users = create_list(:user, 20)
      users.each { |buyer| create(:cart_item, user: buyer, product:) }
      details = Checkouts.details
      answers = at_once(20) { |number| outcome { Checkout.new(users[number], details).call } }
      expect(answers.tally).to eq(:ok => 5, "Conflict" => 15)
      expect(product.reload.stock_quantity).to eq(0)
      expect(product.stock_movements.sum(:delta)).to eq(0)
      expect(CartItem.count).to eq(15)
    end

    it "come out of one cart once" do
      fill([guide, 1])
      details = Checkouts.details
      answers = at_once(6) { outcome { Checkout.new(User.find(user.id), details).call } }
      expect(answers.tally).to eq(:ok => 1, "Conflict" => 5)
      expect([Order.count, guide.reload.stock_quantity]).to eq([1, 9])
    end

    it "never wait for each other in a circle" do
      users = create_list(:user, 8)
      products = [guide, binoculars]
      users.each_with_index do |buyer, index|
        (index.even? ? products : products.reverse).each { |product| create(:cart_item, user: buyer, product:) }
      end
      details = Checkouts.details
      answers = at_once(8) { |number| outcome { Checkout.new(users[number], details).call } }
      expect(answers).to all(eq(:ok))
      expect(products.map { |product| product.reload.stock_quantity }).to eq([2, 2])
    end

    it "are cancelled once, and give their stock back once" do
      order = create(:order, products: [guide])
      answers = at_once(6) { outcome { Cancellation.call(Order.find(order.id)) } }
      expect(answers.tally).to eq(:ok => 1, "IllegalChange" => 5)
      expect(guide.reload.stock_quantity).to eq(10)
    end

    it "leave what is put into the cart meanwhile where it is" do
      fill([guide, 1])
      added = nil
      allow(Product).to receive(:lock_in_order).and_wrap_original do |original, ids|
        added = Thread.new do
          Rails.application.executor.wrap { CartItem.add(user, binoculars, 1) && CartItem.add(user, guide, 2) }
        end
        sleep 0.1
        original.call(ids)
      end
      binoculars
      order = Checkout.new(User.find(user.id), Checkouts.details).call
      added.join
      expect(order.items.map(&:quantity)).to eq([1])
      expect(user.cart_items.order(:id).pluck(:product_id, :quantity)).to eq([[binoculars.id, 1], [guide.id, 2]])
    end
  end
end
