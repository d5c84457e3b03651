# A payment provider that specs command: it keeps what it was asked, and answers what it is told to.
class FakeProvider
  attr_reader :charges

  def initialize(&answer)
    @charges = []
    @answer = answer || ->(number) { PaymentProvider::Charge.new(reference: "ch_#{number}", status: "pending") }
  end

  def charge(**wanted)
    @charges << wanted
    @answer.call(@charges.size)
  end
end

# A real one on a free port of this machine, for one request: the block gets the socket. Yields its address.
module ProviderOnAPort
  def provider_on_a_port(answer)
    server = TCPServer.new("127.0.0.1", 0)
    thread = Thread.new do
      Thread.current.report_on_exception = false
      socket = server.accept
      answer.call(socket)
    ensure
      socket&.close
    end
    yield "http://127.0.0.1:#{server.addr[1]}"
  ensure
    thread.kill
    server.close
  end
end
