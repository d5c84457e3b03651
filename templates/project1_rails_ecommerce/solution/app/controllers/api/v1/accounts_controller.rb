module Api
  module V1
    # The account of who is asking.
    class AccountsController < BaseController
      def show
        render json: UserSerializer.new(Current.user)
      end

      def update
        Account.change(Current.user, Current.session, fields(AccountForm, partial: true))
        render json: UserSerializer.new(Current.user)
      end
    end
  end
end
