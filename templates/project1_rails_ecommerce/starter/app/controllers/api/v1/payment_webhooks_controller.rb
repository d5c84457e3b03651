module Api
  module V1
    # The payment provider tells how a charge ended. Its signature stands in for a token.
    class PaymentWebhooksController < BaseController
      allow_anonymous

      # TODO(m6.3): verify signature and timestamp, see docs/milestones/m6-payments.md
      # TODO(m6.4): take each event in once, see docs/milestones/m6-payments.md
      def create = not_built_yet("m6.3")
    end
  end
end
