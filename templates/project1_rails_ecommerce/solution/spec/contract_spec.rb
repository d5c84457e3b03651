# The application has the operations of docs/openapi.yaml. That its answers are as promised is judged in every request spec,
# see spec/support/requests.rb.
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
    response.status = 418
    expect(Contract.complaints(request, response)).to eq(["GET /readyz never answers 418"])
    response.status = 200
    response.headers.delete("X-Request-Id")
    expect(Contract.complaints(request, response)).to include("header X-Request-Id is missing")
  end

  it "lets nobody in where somebody must be known" do
    guarded = Contract.operations.reject { |method, path| Contract.open?(method, path) }
    answers = guarded.map do |method, path|
      process(method.downcase, path.gsub(/\{\w+\}/, "1"), headers: { "Idempotency-Key" => "k" })
      [response.status, response.headers["WWW-Authenticate"]]
    end
    expect(answers).to eq([[401, "Bearer"]] * 26)
  end

  it "has nothing left to build" do
    files = Rails.root.glob("{app,config,lib,spec}/**/*.rb") - [Pathname(__FILE__)]
    expect(files.grep_v(/schema/).select { |file| file.read.match?(/TODO\(m\d/) }).to eq([])
  end
end
