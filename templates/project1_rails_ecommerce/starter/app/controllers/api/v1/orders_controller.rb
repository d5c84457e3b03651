module Api
  module V1
    # What was bought.
    class OrdersController < BaseController
      # TODO(m4.4): list the own orders, see docs/milestones/m4-cart-and-orders.md
      def index = not_built_yet("m4.4")

      # TODO(m4.4): read an own order, see docs/milestones/m4-cart-and-orders.md
      def show = not_built_yet("m4.4")

      # TODO(m4.2): compute the totals, in app/services/order_totals.rb, see docs/milestones/m4-cart-and-orders.md
      # TODO(m4.3): check out the cart, see docs/milestones/m4-cart-and-orders.md
      # TODO(m5.1): take the stock, see docs/milestones/m5-inventory.md
      def create = not_built_yet("m4.3")

      # TODO(m4.5): cancel a pending order, see docs/milestones/m4-cart-and-orders.md
      # TODO(m5.2): return its stock, see docs/milestones/m5-inventory.md
      def cancel = not_built_yet("m4.5")

      # TODO(m4.5): mark a paid order as shipped, see docs/milestones/m4-cart-and-orders.md
      def ship = not_built_yet("m4.5")

      # TODO(m4.5): mark a shipped order as delivered, see docs/milestones/m4-cart-and-orders.md
      def deliver = not_built_yet("m4.5")
    end
  end
end
