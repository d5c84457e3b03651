module Api
  module V1
    # What buyers think of a product.
    class ReviewsController < BaseController
      allow_anonymous only: :index

      def index
        render_page ReviewQuery.new(Product.active.find(params[:id]), params).page, ReviewSerializer
      end

      def create
        product = Product.find(params[:id])
        authorize ReviewPolicy.new(Current.user, product).create?
        review = Review.publish(product, Current.user, fields(ReviewForm))
        render json: ReviewSerializer.new(review), status: :created
      rescue ActiveRecord::RecordNotUnique
        raise Problems::Conflict, "You have reviewed this product already."
      end
    end
  end
end
