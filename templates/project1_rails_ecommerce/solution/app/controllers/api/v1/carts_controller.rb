module Api
  module V1
    # What somebody is about to buy.
    class CartsController < BaseController
      def show
        items = Current.user.cart_items.preload(:product).order(:id)
        render json: { items: items.map { |item| CartItemSerializer.new(item).as_json },
                       subtotal: Money.format(items.sum(BigDecimal(0), &:line_total)), currency: "EUR" }
      end
    end
  end
end
