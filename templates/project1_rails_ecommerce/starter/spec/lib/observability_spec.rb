require "rails_helper"

RSpec.describe Observability do
  let(:stream) { StringIO.new }
  let(:logger) { ActiveSupport::Logger.new(stream, formatter: Observability::JsonFormatter.new) }
  let(:lines) { stream.string.lines.map { |line| JSON.parse(line) } }

  describe "logs" do
    it "are one JSON object a line, with time, level and message" do
      logger.info("hello\nworld")
      expect(lines.first).to include("level" => "info", "message" => "hello\nworld", "request_id" => nil)
      expect(Time.iso8601(lines.first["time"])).to be_within(5).of(Time.current)
      expect(lines.first["time"]).to end_with("Z")
    end

    it "have fields of their own" do
      logger.warn(message: "slow", seconds: 3)
      expect(lines.first).to include("level" => "warn", "message" => "slow", "seconds" => 3)
    end

    it "keep the backtrace of an exception on its line" do
      raise ArgumentError, "no"
    rescue ArgumentError => e
      logger.error(e)
      expect(lines.size).to eq(1)
      expect(lines.first).to include("level" => "error", "message" => "ArgumentError: no")
      expect(lines.first["exception"]).to include("observability_spec.rb")
    end

    it "survive bytes that are no text" do
      logger.info("caf\xE9")
      expect(lines.first["message"]).to eq("caf\uFFFD")
    end

    it "carry the id of the request" do
      described_class::RequestId.with("abc") { logger.info("inside") }
      expect(lines.first["request_id"]).to eq("abc")
    end
  end

  describe Observability::RequestId do
    def id_of(given) = described_class.with(given) { |id| id }

    it "takes an id of letters, digits, dots, underscores and hyphens" do
      ["a", "A1._-", "a" * 64].each { |given| expect(id_of(given)).to eq(given) }
    end

    it "makes one where none was given, or none that could be trusted" do
      [nil, "", "a" * 65, "a b", "a\n", "é", "a;b"].each { |given| expect(id_of(given)).to match(/\A\h{32}\z/) }
    end

    it "is gone afterwards, also after an error" do
      expect { described_class.with("a") { raise "no" } }.to raise_error("no")
      expect(described_class.current).to be_nil
    end
  end

  describe Observability::Requests do
    def call(app, headers = {})
      Rack::MockRequest.new(described_class.new(app, logger:)).get("/x", headers)
    end

    it "echoes the id and logs one line" do
      response = call(->(_env) { [204, {}, []] }, "HTTP_X_REQUEST_ID" => "abc")
      expect(response["X-Request-Id"]).to eq("abc")
      expect(lines.size).to eq(1)
      expect(lines.first).to include("request_id" => "abc", "method" => "GET", "route" => "unmatched", "status" => 204,
                                     "level" => "info")
      expect(lines.first["duration_ms"]).to be_a(Float).and be >= 0
    end

    it "logs the template of the route instead of the path" do
      app = lambda do |env|
        env["action_dispatch.route_uri_pattern"] = "/things/:id"
        [200, {}, []]
      end
      call(app)
      expect(lines.first["route"]).to eq("/things/:id")
    end

    it "logs failures as errors" do
      call(->(_env) { [503, {}, []] })
      expect(lines.first).to include("status" => 503, "level" => "error")
    end

    it "logs a request that ended in an exception" do
      expect { call(->(_env) { raise "no" }) }.to raise_error("no")
      expect(lines.first).to include("status" => 500, "level" => "error")
    end
  end
end
