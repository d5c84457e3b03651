module Api
  module V1
    # The lines of the own cart.
    class CartItemsController < BaseController
      # TODO(m4.1): put a product into the cart, see docs/milestones/m4-cart-and-orders.md
      def create = not_built_yet("m4.1")

      # TODO(m4.1): change the quantity, see docs/milestones/m4-cart-and-orders.md
      def update = not_built_yet("m4.1")

      # TODO(m4.1): take an item out of the cart, see docs/milestones/m4-cart-and-orders.md
      def destroy = not_built_yet("m4.1")
    end
  end
end
