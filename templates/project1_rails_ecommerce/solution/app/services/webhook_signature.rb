# Whether a webhook is from the payment provider and of now. Plain values in, yes or no out; nothing of the body is
# believed before.
class WebhookSignature
  TOLERANCE_SECONDS = 300
  TIMESTAMP = /\A\d{1,12}\z/
  SIGNATURE = /\Av1=[0-9a-f]{64}\z/

  def initialize(secret)
    @secret = secret
  end

  def valid?(timestamp:, signature:, body:, now: Time.now.utc)
    return false unless timestamp.to_s.match?(TIMESTAMP) && signature.to_s.match?(SIGNATURE)
    return false if (now.to_i - timestamp.to_i).abs > TOLERANCE_SECONDS

    # In constant time: how long a wrong one takes must not tell how much of it is right.
    OpenSSL.fixed_length_secure_compare(signature, "v1=#{sign(timestamp, body)}")
  end

  private

  def sign(timestamp, body) = OpenSSL::HMAC.hexdigest("SHA256", @secret, "#{timestamp}.".b + body)
end
