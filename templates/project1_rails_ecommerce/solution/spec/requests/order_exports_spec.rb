require "rails_helper"

RSpec.describe "The export of orders" do
  let(:headers) { { "Authorization" => "Bearer #{Settings.current.service_token}" } }

  def export(**params)
    get "/api/v1/orders/export", params: params, headers: headers
    body["items"]&.pluck("order_number")
  end

  def paid(**) = create(:order, :paid, **)

  it "is for the service that has its token" do
    user = create(:user, :admin)
    [as(user), {}, { "Authorization" => "Bearer #{Settings.current.service_token}x" },
     { "Authorization" => "Basic #{Settings.current.service_token}" }].each do |others|
      get "/api/v1/orders/export", headers: others
      expect(response).to have_http_status(:unauthorized)
    end
    expect(export).to eq([])
    expect(body["has_more"]).to be(false)
  end

  it "has what was bought, as the contract says" do
    product = create(:product, name: "Field guide", price: "19.90", category: create(:category, name: "Guides"))
    order = paid(products: [product], quantity: 2)
    create(:order)
    create(:order, :cancelled)
    export
    expect(body["items"].sole.except("items"))
      .to eq("order_number" => order.order_number, "status" => "paid", "ordered_at" => Timestamp.format(order.created_at),
             "customer_id" => "C-#{order.user_id}", "region" => "North", "payment_method" => "card")
    expect(body["items"].sole["items"])
      .to eq([{ "line" => 1, "product_id" => "P-#{product.id}", "product_name" => "Field guide", "category" => "Guides",
                "quantity" => 2, "unit_price" => "19.90", "discount" => "0.00", "tax" => "7.56", "total" => "47.36" }])
  end

  it "goes on from its cursor, in the order of the changes" do
    stub_const("OrderFeed::SIZE", 2)
    early, middle, late = create_list(:order, 3)
    [late, early, middle].each { |order| order.move_to!("paid") }
    expect(export).to eq([late.order_number, early.order_number])
    expect(body["has_more"]).to be(true)
    expect(export(cursor: body["next_cursor"])).to eq([middle.order_number])
    expect(body["has_more"]).to be(false)
    expect(export(cursor: body["next_cursor"])).to eq([])
    late.move_to!("shipped")
    expect(export(cursor: body["next_cursor"])).to eq([late.order_number])
    expect(body["items"].first["status"]).to eq("shipped")
    expect(export).to eq([early.order_number, middle.order_number])
  end

  it "says that there is more only if there is" do
    stub_const("OrderFeed::SIZE", 2)
    Array.new(2) { paid }
    export
    expect(body["has_more"]).to be(false)
    expect(body["items"].size).to eq(2)
  end

  it "has up to 100 orders on a page" do
    expect(OrderFeed::SIZE).to eq(100)
  end

  it "starts at a time" do
    freeze_time
    first = paid
    travel 1.hour
    second = paid
    at = second.paid_at
    expect(export(since: at.iso8601(6))).to eq([second.order_number])
    expect(export(since: (at - 1.hour).iso8601)).to eq([first.order_number, second.order_number])
    expect(export(since: (at + 1.second).iso8601)).to eq([])
    third = paid
    expect(export(cursor: body["next_cursor"])).to eq([third.order_number])
  end

  it "starts at a time in an empty shop, too" do
    expect(export(since: "2026-03-01T09:00:00Z")).to eq([])
    order = paid
    expect(export(cursor: body["next_cursor"])).to eq([order.order_number])
  end

  it "takes no cursor that was never given out" do
    export
    cursor = body["next_cursor"]
    ["1", "x" * 201, "", "#{cursor}x", cursor.sub(/\A./, "_"),
     Rails.application.message_verifier("other").generate(1)].each do |wrong|
      export(cursor: wrong)
      expect(response).to have_http_status(:unprocessable_content)
      expect(wrong_fields).to eq(["cursor"])
    end
    export(since: "yesterday")
    expect(wrong_fields).to eq(["since"])
    export(cursor:, since: "2026-03-01T09:00:00Z")
    expect(body["errors"]).to eq([{ "field" => "since", "message" => "must not be there with a cursor" }])
  end

  it "takes as many statements for ten orders as for two" do
    sizes = [2, 8].map do |count|
      create_list(:order, count, :paid)
      statements_of { export }.size
    end
    expect(sizes).to eq([2, 2])
  end

  describe "at the same moment" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "misses no order that is paid meanwhile, even when transactions end in another order than they began" do
      orders = create_list(:order, 6)
      stop = false
      reader = Thread.new do
        Rails.application.executor.wrap do
          cursor = nil
          seen = []
          loop do
            last = stop
            page = Order.uncached { OrderFeed.new(ActionController::Parameters.new({ cursor: }.compact)).page }
            cursor = page.next_cursor
            seen += page.orders.map(&:id)
            break seen if last && page.orders.empty?
          end
        end
      end
      at_once(6) do |number|
        Order.transaction do
          sleep(0.01 * (6 - number))
          order = Order.lock.find(orders[number].id)
          order.move_to!("paid")
          sleep(0.03)
        end
      end
      stop = true
      expect(reader.value).to match_array(orders.map(&:id))
    end
  end
end
