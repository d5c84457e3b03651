module Api
  module V1
    # What somebody is about to buy.
    class CartsController < BaseController
      # TODO(m4.1): read the own cart, see docs/milestones/m4-cart-and-orders.md
      def show = not_built_yet("m4.1")
    end
  end
end
