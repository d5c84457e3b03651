module Api
  module V1
    # Sessions and their tokens.
    class AuthController < BaseController
      allow_anonymous only: %i[register login refresh]

      # TODO(m2.1): sign up and open a session, see docs/milestones/m2-users-and-auth.md
      def register = not_built_yet("m2.1")

      # TODO(m2.1): open a session, see docs/milestones/m2-users-and-auth.md
      # TODO(m2.5): limit failed logins, with rack-attack (it is in the middleware already and lets everything through) or
      # with a counter of your own in Redis, shared by all web processes
      def login = not_built_yet("m2.1")

      # TODO(m2.3): exchange a refresh token for a new pair, see docs/milestones/m2-users-and-auth.md
      def refresh = not_built_yet("m2.3")

      # TODO(m2.3): end the session, see docs/milestones/m2-users-and-auth.md
      def logout = not_built_yet("m2.3")
    end
  end
end
