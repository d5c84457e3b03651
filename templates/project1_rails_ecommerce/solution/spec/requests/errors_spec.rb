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

  describe "of bodies" do
    def send_body(bytes, type, path: "/api/v1/auth/login", headers: {})
      post path, params: bytes, headers: { "Content-Type" => type, **headers }.compact
    end

    it "are a 413 for one byte too many, also where nobody reads it" do
      ["/api/v1/auth/login", "/api/v1/auth/logout", "/nothing"].each do |path|
        send_body("x" * 1_048_577, "application/json", path:)
        expect(response).to have_http_status(:content_too_large)
      end
    end

    it "are a 415 before a 401, and a 400 before one, too" do
      send_body("a=1", "application/x-www-form-urlencoded", path: "/api/v1/cart/items")
      expect(response).to have_http_status(:unsupported_media_type)
      send_body("{", "application/json", path: "/api/v1/cart/items")
      expect(response).to have_http_status(:bad_request)
    end

    it "are a 401 before a 422" do
      ['{"a": "\u0000"}', "[]"].each do |bytes|
        send_body(bytes, "application/json", path: "/api/v1/cart/items")
        expect(response).to have_http_status(:unauthorized)
      end
    end

    it "are a 422 for a NUL and for what isn't an object" do
      ['{"email": "\u0000"}', '{"a\u0000": 1}', "[]", "1", '"x"'].each do |bytes|
        send_body(bytes, "application/json")
        expect(response).to have_http_status(:unprocessable_content)
      end
    end

    it "are a 422 that names what is missing when there is no body at all" do
      post "/api/v1/auth/login"
      expect(response).to have_http_status(:unprocessable_content)
      expect(wrong_fields).to eq(%w[email password])
    end

    it "aren't looked for where an operation has no body" do
      user = create(:user)
      send_body("<xml>", "application/xml", path: "/api/v1/auth/logout", headers: as(user))
      expect(response).to have_http_status(:no_content)
      item = create(:cart_item, user:)
      delete "/api/v1/cart/items/#{item.id}", params: "<xml>", headers: { **as(user), "Content-Type" => "application/xml" }
      expect(response).to have_http_status(:no_content)
    end
  end

  it "count the wrong fields in words that fit" do
    get "/api/v1/products?page=0"
    expect(problem["detail"]).to eq("One field is not valid.")
    get "/api/v1/products?page=0&per_page=0"
    expect(problem["detail"]).to eq("2 fields are not valid.")
  end

  context "when the code is wrong" do
    # No contract promises this.
    delegate :get, to: :integration_session

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
