require "rails_helper"

RSpec.describe PaymentProvider do
  # What the provider is asked, and what it says to it.
  def ask(url, seconds: 1)
    Observability::RequestId.with("find-me") do
      described_class.new(url, seconds:).charge(key: "ours", amount: "234.34", currency: "EUR", order_number: "R-1001",
                                                method: "card")
    end
  end

  let(:asked) { [] }

  def saying(status, body)
    lambda do |socket|
      asked.replace(read_request(socket))
      socket.write("HTTP/1.1 #{status} X\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}")
    end
  end

  def read_request(socket)
    head = +""
    head << socket.gets until head.end_with?("\r\n\r\n")
    [head, socket.read(head[/content-length: (\d+)/i, 1].to_i)]
  end

  it "is asked for a charge with our key, and says how it took it" do
    charge = provider_on_a_port(saying(201, '{"id": "ch_7Yd2", "status": "pending"}')) { |url| ask("#{url}/") }
    expect(charge).to have_attributes(reference: "ch_7Yd2", status: "pending")
    head, body = asked
    expect(head).to start_with("POST /charges HTTP/1.1\r\n")
    expect(head).to match(%r{^content-type: application/json\r$}i).and match(/^idempotency-key: ours\r$/i)
      .and match(/^x-request-id: find-me\r$/i)
    expect(JSON.parse(body)).to eq("amount" => "234.34", "currency" => "EUR", "order_number" => "R-1001", "method" => "card")
  end

  it "may have been asked before, and may decline" do
    charge = provider_on_a_port(saying(200, '{"id": "ch_1", "status": "declined"}')) { |url| ask(url) }
    expect(charge).to have_attributes(reference: "ch_1", status: "declined")
  end

  it "leaves everything open with any other answer" do
    [[500, "{}"], [202, '{"id": "ch_1", "status": "pending"}'], [201, "no JSON"], [201, "[]"], [201, "null"],
     [201, '{"id": "", "status": "pending"}'], [201, '{"id": 5, "status": "pending"}'],
     [201, %({"id": "#{'x' * 256}", "status": "pending"})], [201, '{"id": "ch_1", "status": "succeeded"}'],
     [201, '{"id": "ch_1"}'], [302, ""]].each do |status, body|
      provider_on_a_port(saying(status, body)) do |url|
        expect { ask(url) }.to raise_error(described_class::Unknown)
      end
    end
  end

  it "leaves everything open when nobody listens, or nobody is named" do
    expect { ask("http://127.0.0.1:1") }.to raise_error(described_class::Unknown, "Errno::ECONNREFUSED")
    expect { ask(nil) }.to raise_error(described_class::Unknown, "PAYMENT_PROVIDER_URL is not set")
  end

  it "leaves everything open when it hangs up or speaks no HTTP" do
    provider_on_a_port(->(socket) { read_request(socket) }) do |url|
      expect { ask(url) }.to raise_error(described_class::Unknown)
    end
    provider_on_a_port(->(socket) { socket.write("hello\r\n\r\n") }) do |url|
      expect { ask(url) }.to raise_error(described_class::Unknown)
    end
  end

  it "is given up when it hangs, or drips" do
    dripping = lambda do |socket|
      read_request(socket)
      socket.write("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n")
      loop { socket.write(" ") && sleep(0.05) }
    end
    [->(_socket) { sleep 5 }, dripping].each do |behaviour|
      provider_on_a_port(behaviour) do |url|
        started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        expect { ask(url, seconds: 0.3) }.to raise_error(described_class::Unknown)
        expect(Process.clock_gettime(Process::CLOCK_MONOTONIC) - started).to be_between(0.25, 2)
      end
    end
  end

  it "is given five seconds" do
    expect(described_class::SECONDS).to eq(5)
  end
end
