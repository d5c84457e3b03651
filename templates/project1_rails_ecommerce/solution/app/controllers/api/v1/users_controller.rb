module Api
  module V1
    # Accounts and roles, for admins.
    class UsersController < BaseController
      before_action { authorize UserPolicy.new(Current.user).manage? }

      def index
        render_page UserQuery.new(params).page, UserSerializer
      end

      def update
        user = User.find(params[:id])
        given = fields(UserForm, partial: true)
        # Or the last admin could lock everybody out.
        if user == Current.user && (given.key?(:role) || given.key?(:active))
          raise Problems::Conflict, "Admins can't change their own role or state."
        end

        Account.administer(user, given)
        render json: UserSerializer.new(user)
      end
    end
  end
end
