module Api
  module V1
    # Stock, for those who keep it.
    class InventoryController < BaseController
      before_action { authorize InventoryPolicy.new(Current.user).manage? }

      def index
        render_page InventoryQuery.new(Current.user, params).page, InventoryItemSerializer
      end

      def adjust
        product = InventoryQuery.kept_by(Current.user).find(params[:product])
        given = fields(AdjustmentForm)
        movement = Stock.adjust(product, given[:delta], reason: given[:reason])
        render json: StockMovementSerializer.new(movement), status: :created
      end
    end
  end
end
