module Api
  module V1
    # Orders for another service, which shows the service token instead of a user's.
    class OrderExportsController < BaseController
      allow_anonymous
      before_action :require_service

      def index
        page = OrderFeed.new(params).page
        render json: { items: page.orders.map { |order| ExportedOrderSerializer.new(order).as_json },
                       next_cursor: page.next_cursor, has_more: page.has_more }
      end

      private

      def require_service
        known = ActiveSupport::SecurityUtils.secure_compare(bearer_token, Settings.current.service_token)
        raise Problems::Unauthorized, "The token is not valid." unless known
      end
    end
  end
end
