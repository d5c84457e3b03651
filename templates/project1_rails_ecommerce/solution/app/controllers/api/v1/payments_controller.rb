module Api
  module V1
    # Charges.
    class PaymentsController < BaseController
      KEY = /\A[\x21-\x7E]{1,255}\z/

      # A header that is missing is a 400, which comes before a 401.
      before_action :require_idempotency_key, :require_user

      def create
        order = Order.visible_to(Current.user).find(params[:id])
        authorize OrderPolicy.new(Current.user, order).pay?
        answer = Charge.new(order, idempotency_key, fields(PaymentForm)).call
        response.set_header("Idempotent-Replayed", "true") if answer.replayed
        render json: answer.text, status: :created
      end

      private

      def idempotency_key = request.get_header("HTTP_IDEMPOTENCY_KEY").to_s

      def require_idempotency_key
        return if idempotency_key.match?(KEY)

        raise Problems::Error.new(400, "The header Idempotency-Key must be 1 to 255 visible characters.")
      end
    end
  end
end
