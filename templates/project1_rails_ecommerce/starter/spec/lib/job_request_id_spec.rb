require "rails_helper"
require "job_request_id"

RSpec.describe JobRequestId do
  it "gives a job the id of the request that caused it" do
    job = {}
    Observability::RequestId.with("abc") { described_class::Client.new.call("Job", job, "default", nil) { :pushed } }
    expect(job).to eq("request_id" => "abc")
  end

  it "leaves the id of a job that is pushed again" do
    job = { "request_id" => "first" }
    Observability::RequestId.with("second") { described_class::Client.new.call("Job", job, "default", nil) { :pushed } }
    expect(job).to eq("request_id" => "first")
  end

  it "makes it the current id while the job runs" do
    seen = nil
    described_class::Server.new.call(nil, { "request_id" => "abc" }, "default") { seen = Observability::RequestId.current }
    expect(seen).to eq("abc")
    expect(Observability::RequestId.current).to be_nil
  end
end
