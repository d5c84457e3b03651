# A text that is good for one new pair of tokens. Only its digest is stored: it has 256 random bits, so a fast digest is
# as good as a slow one.
class RefreshToken < ApplicationRecord
  LIFE = 14.days

  belongs_to :session

  class << self
    def issue(session)
      text = SecureRandom.urlsafe_base64(32)
      create!(session:, digest: digest(text), expires_at: LIFE.from_now)
      text
    end

    # Uses a token up and gives its session; nil if it is unknown, expired or of an ended session. One that was used
    # before ends the session: somebody has a copy.
    def use(text)
      token = find_by(digest: digest(text))
      return unless token

      # One statement decides between several requests with the same token.
      if where(id: token.id, used_at: nil).update_all(used_at: Time.current) == 1
        Session.standing(token.session_id, token.session.user_id) if token.expires_at.future?
      else
        token.session.end!
        nil
      end
    end

    private

    def digest(text) = Digest::SHA256.hexdigest(text)
  end
end
