module Api
  module V1
    # The payment provider tells how a charge ended. Its signature stands in for a token, and is looked at before the body.
    class PaymentWebhooksController < BaseController
      allow_anonymous
      ignore_body
      before_action :require_json, :require_signature

      def create
        PaymentEventIntake.new(signature, fields(PaymentEventForm)).call
        head :no_content
      rescue PaymentEventIntake::Replayed
        raise Problems::Conflict, "Exactly this request was taken in before."
      end

      private

      def require_json = json_body.type!

      def require_signature
        verified = WebhookSignature.new(Settings.current.webhook_secret)
                                   .valid?(timestamp: request.get_header("HTTP_X_WEBHOOK_TIMESTAMP"), signature:,
                                           body: json_body.bytes)
        raise Problems::Unauthorized.new("The signature is not valid.", scheme: "Signature") unless verified
      end

      def signature = request.get_header("HTTP_X_WEBHOOK_SIGNATURE")
    end
  end
end
