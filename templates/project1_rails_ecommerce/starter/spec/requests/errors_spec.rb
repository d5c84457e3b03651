require "rails_helper"

RSpec.describe "Errors" do
  def problem
    expect(response.media_type).to eq("application/problem+json")
    body
  end

  it "are problems with the id of their request" do
    get "/nothing", headers: { "X-Request-Id" => "find-me" }
    expect(response).to have_http_status(:not_found)
    expect(problem).to eq("type" => "about:blank", "title" => "Not Found", "status" => 404,
                          "detail" => "There is nothing at this path.", "request_id" => "find-me")
  end

  it "name the methods that a path takes" do
    put "/api/v1/products"
    expect(response).to have_http_status(:method_not_allowed)
    expect(response.headers["Allow"]).to eq("GET, POST")
    expect(problem["detail"]).to eq("This path doesn't take this method.")
  end

  it "are a 405 for methods that nobody knows" do
    process(:brew, "/api/v1/categories/1")
    expect(response).to have_http_status(:method_not_allowed)
    expect(response.headers["Allow"]).to eq("PATCH, DELETE")
  end

  it "are a 404 for an id that is no number, whatever the method" do
    delete "/api/v1/products/abc"
    expect(response).to have_http_status(:not_found)
    expect(problem["title"]).to eq("Not Found")
  end

  it "are a 404 for a path with a format" do
    get "/api/v1/products.json"
    expect(response).to have_http_status(:not_found)
  end

  it "say which record isn't there" do
    get "/api/v1/products/7"
    expect(problem["detail"]).to eq("There is no product 7.")
  end

  it "are a 400 for a body that isn't JSON" do
    post "/api/v1/auth/login", params: "{", headers: { "Content-Type" => "application/json" }
    expect(response).to have_http_status(:bad_request)
    expect(problem["detail"]).to eq("The body is not valid JSON.")
  end

  it "are a 400 for a query string that can't be decoded" do
    get "/api/v1/products?category=%ff"
    expect(response).to have_http_status(:bad_request)
    expect(problem["detail"]).to eq("The request can't be read.")
  end

  it "count the wrong fields in words that fit" do
    get "/api/v1/products?page=0"
    expect(problem["detail"]).to eq("One field is not valid.")
    get "/api/v1/products?page=0&per_page=0"
    expect(problem["detail"]).to eq("2 fields are not valid.")
  end

  context "when the code is wrong" do
    before do
      allow(CategoryTree).to receive(:load).and_raise("the secret is xyzzy")
      allow(Rails.application).to receive(:env_config)
        .and_return(Rails.application.env_config.merge("action_dispatch.show_exceptions" => :all))
    end

    it "are a 500 that tells nothing of the inside" do
      get "/api/v1/categories"
      expect(response).to have_http_status(:internal_server_error)
      expect(problem["detail"]).to eq("Something went wrong here; the log knows what.")
      expect(response.body).not_to match(/xyzzy|categories_controller|RuntimeError/)
    end
  end
end
