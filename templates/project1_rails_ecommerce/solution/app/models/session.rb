# A login that lasts: from it to logout, or until somebody ends it. Its access tokens name it, its refresh tokens belong
# to it.
class Session < ApplicationRecord
  belongs_to :user
  has_many :refresh_tokens, dependent: :delete_all

  scope :open, -> { where(ended_at: nil) }

  def self.end_all = open.update_all(ended_at: Time.current)

  # The session that a token names, with its user; nil if either is gone or no longer stands.
  def self.standing(id, user_id)
    open.eager_load(:user).find_by(id:, user_id:, users: { active: true })
  end

  def end! = self.class.where(id:).end_all

  # A new pair of tokens; the texts exist only in the answer.
  def tokens
    access_token = AccessToken.new(Settings.current.secret_key).issue(user_id:, session_id: id, role: user.role)
    { access_token:, refresh_token: RefreshToken.issue(self) }
  end
end
