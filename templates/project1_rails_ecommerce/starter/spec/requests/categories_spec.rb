require "rails_helper"

RSpec.describe "Categories" do
  it "are read as a tree by anybody" do
    books = create(:category, name: "Books")
    guides = create(:category, name: "Field guides", parent: books, sort_order: 4)
    get "/api/v1/categories"
    expect(response).to have_http_status(:ok)
    leaf = { "id" => guides.id, "name" => "Field guides", "slug" => "field-guides", "sort_order" => 4, "children" => [] }
    root = { "id" => books.id, "name" => "Books", "slug" => "books", "sort_order" => 0, "children" => [leaf] }
    expect(body).to eq("items" => [root])
  end

  it "are an empty list in an empty shop" do
    get "/api/v1/categories"
    expect(body).to eq("items" => [])
  end

  it "are read with a header Authorization that nobody asked for" do
    get "/api/v1/categories", headers: { "Authorization" => "Bearer nonsense" }
    expect(response).to have_http_status(:ok)
  end
end
