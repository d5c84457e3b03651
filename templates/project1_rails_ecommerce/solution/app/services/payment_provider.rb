require "net/http"
require "timeout"

# The client of the payment provider, by the interface in docs/openapi.yaml.
class PaymentProvider
  SECONDS = 5
  # What network, TLS and a server that isn't one can do to a request.
  FAILURES = [SystemCallError, SocketError, IOError, Timeout::Error, OpenSSL::SSL::SSLError, Net::ProtocolError,
              Net::HTTPBadResponse, Net::HTTPHeaderSyntaxError, JSON::ParserError, Zlib::Error].freeze

  # Nothing is known about the charge: it may have been made, and it may not.
  class Unknown < StandardError
  end

  Charge = Data.define(:reference, :status)

  def initialize(url, seconds: SECONDS)
    @url = url
    @seconds = seconds
  end

  # Asks for a charge, once. The same key asks for the same charge again. Raises Unknown.
  def charge(key:, **wanted)
    raise Unknown, "PAYMENT_PROVIDER_URL is not set" unless @url

    uri = URI("#{@url.chomp('/')}/charges")
    # Net::HTTP's own limits count from one piece to the next, so a provider that drips would hold us for ever.
    response = Timeout.timeout(@seconds) { post(uri, key, wanted.to_json) }
    read(response)
  rescue *FAILURES => e
    raise Unknown, e.class.name
  end

  private

  def post(uri, key, body)
    request = Net::HTTP::Post.new(uri, "Content-Type" => "application/json", "Accept" => "application/json",
                                       "Idempotency-Key" => key, "X-Request-Id" => Observability::RequestId.current.to_s)
    # A POST isn't repeated by Net::HTTP itself, and a proxy of the environment is none of ours.
    Net::HTTP.start(uri.host, uri.port, nil, use_ssl: uri.scheme == "https") { |http| http.request(request, body) }
  end

  def read(response)
    answer = JSON.parse(response.body.to_s) if %w[200 201].include?(response.code)
    answer = {} unless answer.is_a?(Hash)
    reference, status = answer.values_at("id", "status")
    unless reference.is_a?(String) && reference.length.between?(1, 255) && %w[pending declined].include?(status)
      raise Unknown, "an answer with status #{response.code}"
    end

    Charge.new(reference:, status:)
  end
end
