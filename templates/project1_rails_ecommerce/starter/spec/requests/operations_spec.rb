require "rails_helper"

RSpec.describe "Health, readiness and metrics" do
  def unavailable(name, error)
    stub_const("Operations::CHECKS", { postgresql: -> {}, redis: -> {} }.merge(name => -> { raise error, "host and user" }))
  end

  it "say that the process is up" do
    get "/healthz"
    expect(response).to have_http_status(:ok)
    expect(body).to eq("status" => "ok", "process" => "web", "version" => Shop::VERSION, "commit" => nil)
  end

  it "say which commit was built" do
    allow(Settings.current).to receive(:git_commit).and_return("3f0d7e5")
    get "/healthz"
    expect(body["commit"]).to eq("3f0d7e5")
  end

  it "say that every dependency answers" do
    get "/readyz"
    expect(response).to have_http_status(:ok)
    expect(body).to eq("status" => "ok", "checks" => { "postgresql" => "ok", "redis" => "ok" })
  end

  it "name the database when it is down, and nothing more" do
    unavailable(:postgresql, PG::ConnectionBad)
    get "/readyz"
    expect(response).to have_http_status(:service_unavailable)
    expect(body).to eq("status" => "unavailable", "checks" => { "postgresql" => "unavailable", "redis" => "ok" })
  end

  it "name Redis when it is down" do
    unavailable(:redis, Redis::CannotConnectError)
    get "/readyz"
    expect(response).to have_http_status(:service_unavailable)
    expect(body["checks"]).to eq("postgresql" => "ok", "redis" => "unavailable")
  end

  it "stay up while a dependency is down" do
    unavailable(:redis, Redis::CannotConnectError)
    get "/healthz"
    expect(response).to have_http_status(:ok)
  end

  it "notice addresses where nobody listens" do
    allow(Settings.current).to receive_messages(database_url: "postgresql://nobody@127.0.0.1:1/none",
                                                redis_url: "redis://127.0.0.1:1/0")
    get "/readyz"
    expect(body["checks"].values).to eq(%w[unavailable unavailable])
  end

  it "count requests by method, route template and status" do
    product = create(:product)
    labels = { method: "GET", route: "/api/v1/products/:id", status: "200" }
    written = 'method="GET",route="/api/v1/products/:id",status="200"'
    expect { get "/api/v1/products/#{product.id}" }
      .to change { Observability::Requests::COUNT.value(labels) }.by(1)
    get "/metrics"
    expect(response.headers["content-type"]).to start_with("text/plain; version=0.0.4")
    expect(response.body).to include("http_requests_total{#{written}} ")
    expect(response.body).to include(%(http_request_duration_seconds_bucket{#{written},le="+Inf"} ))
  end

  it "keep unknown paths and methods from becoming series without end" do
    process(:brew, "/secret/#{SecureRandom.hex}")
    get "/metrics"
    expect(response.body).to include(%(http_requests_total{method="OTHER",route="unmatched",status="404"}))
    expect(response.body).not_to include("secret")
  end
end
