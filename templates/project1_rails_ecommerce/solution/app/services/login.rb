# Opens a session for an email and a password.
module Login
  # The session, or nil for an unknown email, a wrong password and an inactive user, all in about the same time:
  # `authenticate_by` computes a digest for an unknown email, too.
  def self.call(email, password)
    user = User.authenticate_by(email:, password:)
    return unless user

    User.transaction do
      # The row is locked by this, so that a new password or a deactivation comes before or after the session, not between.
      current = User.where(id: user.id, active: true, password_digest: user.password_digest)
      current.update_all(last_login_at: Time.current) == 1 ? user.reload.sessions.create! : nil
    end
  end
end
