module Api
  module V1
    # The account of who is asking.
    class AccountsController < BaseController
      # TODO(m2.1): read the own account, see docs/milestones/m2-users-and-auth.md
      def show = not_built_yet("m2.1")

      # TODO(m2.1): change the own account, see docs/milestones/m2-users-and-auth.md
      def update = not_built_yet("m2.1")
    end
  end
end
