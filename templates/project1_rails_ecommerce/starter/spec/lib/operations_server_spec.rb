require "rails_helper"
require "net/http"
require "operations_server"

RSpec.describe OperationsServer do
  def free_port = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }

  it "serves nothing without a port" do
    expect(described_class.start("worker", nil)).to be_nil
  end

  it "answers for the process that is named, until it is stopped" do
    port = free_port
    server = described_class.start("worker", port)
    answer = ->(path) { Net::HTTP.get_response("127.0.0.1", path, port) }
    expect(JSON.parse(answer["/healthz"].body)).to include("status" => "ok", "process" => "worker")
    expect(answer["/readyz"].code).to eq("200")
    expect(answer["/metrics"].body).to include(%(route="/readyz",status="200"))
    expect(answer["/nothing"].code).to eq("404")
    expect(answer["/nothing"]["content-type"]).to eq("application/problem+json")
  ensure
    server.stop
    expect { answer["/healthz"] }.to raise_error(Errno::ECONNREFUSED)
  end
end
