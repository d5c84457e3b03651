module Api
  module V1
    # Charges.
    class PaymentsController < BaseController
      # TODO(m6.1): charge once for one idempotency key, see docs/milestones/m6-payments.md
      # TODO(m6.2): survive a provider that hangs or vanishes, see docs/milestones/m6-payments.md
      def create = not_built_yet("m6.1")
    end
  end
end
