module Api
  module V1
    # Orders for another service, which shows the service token instead of a user's.
    class OrderExportsController < BaseController
      # TODO(m6.5): export paid orders page by page, see docs/milestones/m6-payments.md
      def index = not_built_yet("m6.5")
    end
  end
end
