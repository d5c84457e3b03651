module Api
  module V1
    # What was bought.
    class OrdersController < BaseController
      ignore_body only: %i[cancel ship deliver]
      before_action(only: %i[ship deliver]) { authorize OrderPolicy.new(Current.user).fulfil? }

      def index
        render_page OrderQuery.new(Current.user, params).page, OrderSerializer
      end

      def show = render_order(order)

      def create
        placed = Checkout.new(Current.user, fields(CheckoutForm)).call
        render_order placed, status: :created, location: "/api/v1/orders/#{placed.id}"
      end

      def cancel
        Cancellation.call(order)
        render_order order
      end

      def ship
        order.with_lock("FOR NO KEY UPDATE") do
          order.move_to!("shipped")
          Notification.of_order("shipped", order)
        end
        render_order order
      end

      def deliver
        order.with_lock("FOR NO KEY UPDATE") { order.move_to!("delivered") }
        render_order order
      end

      private

      # Somebody else's order isn't there.
      def order = @order ||= Order.visible_to(Current.user).find(params[:id])

      def render_order(order, **) = render(json: OrderSerializer.new(order), **)
    end
  end
end
