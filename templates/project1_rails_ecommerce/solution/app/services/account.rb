# Changes to an account that reach further than its own row.
module Account
  class << self
    # What people change themselves. A new password ends all other sessions: whoever has the old one is out.
    def change(user, session, given)
      # The name of a vendor is on every page of the vendor's products.
      Catalogue.change(shown: user.products.exists?) do
        user.lock!("FOR NO KEY UPDATE")
        verify(user, given) if given.key?(:password)
        user.update!(given.except(:current_password))
        user.sessions.where.not(id: session.id).end_all if given.key?(:password)
      end
    end

    # What admins change. Somebody inactive has no session left.
    def administer(user, given)
      user.with_lock("FOR NO KEY UPDATE") do
        user.update!(given)
        user.sessions.end_all unless user.active?
      end
    end

    private

    def verify(user, given)
      return if user.authenticate(given.fetch(:current_password))

      raise Problems::Invalid, { current_password: "is wrong" }
    end
  end
end
