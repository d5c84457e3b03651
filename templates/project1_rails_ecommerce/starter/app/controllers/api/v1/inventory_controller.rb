module Api
  module V1
    # Stock, for those who keep it.
    class InventoryController < BaseController
      # TODO(m5.4): list the stock of the own products, see docs/milestones/m5-inventory.md
      def index = not_built_yet("m5.4")

      # TODO(m5.3): one class that changes stock, always together with its ledger, see docs/milestones/m5-inventory.md
      # TODO(m5.4): change the stock of a product, see docs/milestones/m5-inventory.md
      def adjust = not_built_yet("m5.4")
    end
  end
end
