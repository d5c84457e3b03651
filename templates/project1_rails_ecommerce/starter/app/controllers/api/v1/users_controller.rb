module Api
  module V1
    # Accounts and roles, for admins.
    class UsersController < BaseController
      # TODO(m2.4): list users, see docs/milestones/m2-users-and-auth.md
      def index = not_built_yet("m2.4")

      # TODO(m2.4): change role and state of a user, see docs/milestones/m2-users-and-auth.md
      def update = not_built_yet("m2.4")
    end
  end
end
