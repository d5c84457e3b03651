require "rails_helper"

RSpec.describe Middleware::BodyGuard do
  let(:seen) { {} }
  let(:inner) do
    lambda do |env|
      seen.replace(env)
      [200, {}, [env["rack.input"].read]]
    end
  end

  def send_bytes(bytes, headers = {})
    Rack::MockRequest.new(described_class.new(inner)).post("/x", { input: bytes, **headers })
  end

  it "lets a body of the limit through, as it came" do
    bytes = "x" * 1_048_576
    response = send_bytes(bytes)
    expect(response.status).to eq(200)
    expect(response.body).to eq(bytes)
  end

  it "refuses one byte more, whatever Content-Length says" do
    response = send_bytes("x" * 1_048_577, "CONTENT_LENGTH" => "1")
    expect(response.status).to eq(413)
    expect(response["content-type"]).to eq("application/problem+json")
    expect(JSON.parse(response.body)).to include("status" => 413, "detail" => "A body may have 1048576 bytes at most.")
    expect(seen).to eq({})
  end

  it "leaves the body for the operation to judge, and nothing for Rails to parse" do
    send_bytes('{"a": 1}', "CONTENT_TYPE" => "application/json")
    expect(seen[described_class::KEY].object).to eq("a" => 1)
    expect(seen["action_dispatch.request.request_parameters"]).to eq({})
  end

  it "takes a request without a body" do
    status, = described_class.new(inner).call({ "REQUEST_METHOD" => "GET" })
    expect(status).to eq(200)
    expect(seen[described_class::KEY].object).to eq({})
  end

  it "stops reading when it is too much" do
    endless = Class.new { def read(length) = "x" * length }.new
    status, = described_class.new(inner).call({ "rack.input" => endless })
    expect(status).to eq(413)
  end
end
