require "rails_helper"

RSpec.describe "Reviews" do
  let(:user) { create(:user, first_name: "Ada", last_name: "Example") }
  let(:product) { create(:product) }
  let(:headers) { as(user) }

  def buy(product, by: user, status: :paid) = create(:order, *[status].compact, user: by, products: [product])

  def review(rating: 5, text: "Light.", headers: self.headers, **more)
    post_json "/api/v1/products/#{product.id}/reviews", { rating:, text:, **more }, headers:
  end

  it "are written by buyers, and count at once" do
    freeze_time
    buy(product)
    review(rating: 4, text: " Light. ")
    expect(response).to have_http_status(:created)
    expect(body).to eq("id" => Review.last.id, "product_id" => product.id, "author" => "Ada E.", "rating" => 4,
                       "text" => "Light.", "created_at" => Time.current.iso8601(6))
    get "/api/v1/products/#{product.id}"
    expect(body).to include("average_rating" => "4.00", "reviews_count" => 1)
  end

  it "make a mean that is rounded half away from zero" do
    # 33 / 8 = 4.125
    [5, 4, 4, 4, 4, 4, 4, 4].each { |rating| Review.publish(product, create(:user), { rating:, text: "x" }) }
    expect(product.reload).to have_attributes(average_rating: BigDecimal("4.13"), reviews_count: 8)
  end

  it "need an order that was paid" do
    buy(create(:product))
    buy(product, by: create(:user))
    buy(product, status: nil)
    buy(product, status: :cancelled)
    review
    expect(response).to have_http_status(:forbidden)
    %i[shipped delivered].each do |status|
      buyer = create(:user)
      buy(product, by: buyer, status:)
      review(headers: as(buyer))
      expect(response).to have_http_status(:created)
    end
  end

  it "are for products that are for sale" do
    buy(product)
    product.update!(active: false)
    review
    expect(response).to have_http_status(:forbidden)
    get "/api/v1/products/#{product.id}/reviews"
    expect(response).to have_http_status(:not_found)
    post_json "/api/v1/products/0/reviews", { rating: 5, text: "x" }, headers: headers
    expect(response).to have_http_status(:not_found)
  end

  it "are written once" do
    buy(product)
    2.times { review }
    expect(response).to have_http_status(:conflict)
    expect(product.reload.reviews_count).to eq(1)
  end

  it "have a rating from 1 to 5 and a text" do
    buy(product)
    [0, 6, 4.5, "5", nil].each do |rating|
      review(rating:)
      expect(wrong_fields).to eq(["rating"])
    end
    ["", " ", "x" * 2001].each do |text|
      review(text:)
      expect(wrong_fields).to eq(["text"])
    end
    review(user_id: 5)
    expect(wrong_fields).to eq(["user_id"])
    review(rating: 1, text: "x" * 2000)
    expect(response).to have_http_status(:created)
  end

  it "are read by anybody, newest first, page by page" do
    reviews = Array.new(3) { Review.publish(product, create(:user), { rating: 3, text: "x" }) }
    reviews.first.update!(created_at: 1.day.from_now)
    Review.publish(create(:product), user, { rating: 1, text: "x" })
    get "/api/v1/products/#{product.id}/reviews", params: { per_page: 2 }
    expect(response).to have_http_status(:ok)
    expect(body["items"].pluck("id")).to eq([reviews[0].id, reviews[2].id])
    expect(body).to include("page" => 1, "per_page" => 2, "total" => 3)
    get "/api/v1/products/#{product.id}/reviews", params: { page: 0 }
    expect(wrong_fields).to eq(["page"])
  end

  describe "at the same moment" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "are all counted" do
      reviewed = product
      users = create_list(:user, 10)
      at_once(10) do |number|
        Review.publish(Product.find(reviewed.id), users[number], { rating: (number % 5) + 1, text: "x" })
      end
      expect(product.reload).to have_attributes(average_rating: 3, reviews_count: 10)
    end
  end
end
