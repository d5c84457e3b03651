require "jwt"
require "securerandom"

# Access tokens: claims in, text out, and back. Knows no database; whether session and user still stand is the caller's
# question.
class AccessToken
  LIFE_SECONDS = 900
  ALGORITHM = "HS256".freeze
  CLAIMS = %w[sub sid iat exp jti role].freeze
  ID = /\A[1-9]\d{0,18}\z/

  # The text is no token of ours, or one whose time is over; the message says why.
  class Invalid < StandardError
  end

  Claims = Data.define(:user_id, :session_id)

  def initialize(key)
    @key = key
  end

  def issue(user_id:, session_id:, role:, now: Time.now.utc)
    iat = now.to_i
    claims = { sub: user_id.to_s, sid: session_id.to_s, iat:, exp: iat + LIFE_SECONDS, jti: SecureRandom.uuid, role: }
    JWT.encode(claims, @key, ALGORITHM)
  end

  # Who a token names. Exactly one algorithm is taken, whatever its header says. Raises Invalid.
  def verify(token)
    claims, = JWT.decode(token, @key, true, algorithm: ALGORITHM, required_claims: CLAIMS, leeway: 0)
    raise Invalid, "The token is not valid." unless as_issued?(claims)

    Claims.new(user_id: claims["sub"].to_i, session_id: claims["sid"].to_i)
  rescue JWT::ExpiredSignature
    raise Invalid, "The token has expired."
  rescue JWT::DecodeError
    raise Invalid, "The token is not valid."
  end

  private

  def as_issued?(claims)
    issued, expires = claims.values_at("iat", "exp")
    claims.values_at("sub", "sid").all? { |id| id.is_a?(String) && id.match?(ID) } &&
      claims.values_at("jti", "role").all?(String) &&
      issued.is_a?(Integer) && expires.is_a?(Integer) && expires - issued <= LIFE_SECONDS
  end
end
