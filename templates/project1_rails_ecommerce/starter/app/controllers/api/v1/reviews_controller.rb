module Api
  module V1
    # What buyers think of a product.
    class ReviewsController < BaseController
      allow_anonymous only: :index

      # TODO(m6.6): list the reviews of a product, see docs/milestones/m6-payments.md
      def index = not_built_yet("m6.6")

      # TODO(m6.6): let buyers review what they paid for, see docs/milestones/m6-payments.md
      def create = not_built_yet("m6.6")
    end
  end
end
