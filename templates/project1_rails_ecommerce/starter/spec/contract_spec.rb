# The application is what docs/openapi.yaml says.
#
# TODO(m8.3): hold the answers of everything that you build to the contract, as those of the catalogue are here.
require "rails_helper"

RSpec.describe "The contract", type: :request do
  def built
    Rails.application.routes.routes.filter_map do |route|
      path = route.path.spec.to_s.gsub(/:(\w+)/, '{\1}')
      [route.verb, path] unless route.internal || path.start_with?("/rails/")
    end
  end

  it "has every operation that is built, and no other" do
    expect(built).to match_array(Contract.operations)
  end

  it "is kept by the catalogue" do
    product = create(:product, compare_price: "24.90")
    ["/api/v1/categories", "/api/v1/products", "/api/v1/products?page=7", "/api/v1/products/#{product.id}"].each do |path|
      get path
      expect(response).to have_http_status(:ok)
      # The ETag that the contract promises comes with m7.1.
      expect(Contract.complaints(request, response)).to eq(["header ETag is missing"])
    end
  end

  it "is kept by the catalogue's errors" do
    answers = { "/api/v1/products/1" => 404, "/api/v1/products?page=0" => 422, "/api/v1/products?category=%ff" => 400 }
    answers.each do |path, status|
      get path
      expect(response).to have_http_status(status)
      expect(response).to conform_to_contract
    end
  end

  it "is kept by health, readiness and metrics" do
    %w[/healthz /readyz /metrics].each do |path|
      get path
      expect(response).to have_http_status(:ok)
      expect(response).to conform_to_contract
    end
  end

  it "notices an answer that it doesn't allow" do
    get "/readyz"
    response.body = '{"status": "perhaps"}'
    expect(Contract.complaints(request, response)).not_to be_empty
    get "/api/v1/cart"
    expect(Contract.complaints(request, response)).to eq(["GET /api/v1/cart never answers 501"])
  end

  describe "what isn't built yet" do
    {
      %w[POST /api/v1/auth/register] => "m2.1", %w[POST /api/v1/auth/login] => "m2.1",
      %w[POST /api/v1/auth/refresh] => "m2.3",
      %w[GET /api/v1/products/1/reviews] => "m6.6", %w[POST /api/v1/webhooks/payments] => "m6.3"
    }.each do |(method, path), task|
      it "says at #{method} #{path} that #{task} builds it" do
        process(method.downcase, path)
        expect(response).to have_http_status(:not_implemented)
        expect(response.media_type).to eq("application/problem+json")
        expect(body["detail"]).to start_with("TODO(#{task}): ")
      end
    end

    it "lets nobody in where somebody must be known" do
      guarded = Contract.operations.reject { |method, path| Contract.open?(method, path) }
      answers = guarded.map do |method, path|
        process(method.downcase, path.gsub(/\{\w+\}/, "1"))
        [response.status, body["detail"][/\ATODO\(([^)]+)\)/, 1]]
      end
      expect(answers).to eq([[501, "m2.2"]] * 26)
    end
  end
end
