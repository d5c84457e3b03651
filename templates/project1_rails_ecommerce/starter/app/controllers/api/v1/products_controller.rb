module Api
  module V1
    # The catalogue. Its read side is the finished slice: follow it from here down to the table.
    class ProductsController < BaseController
      allow_anonymous only: %i[index show]

      # TODO(m3.4): keep the number of statements constant, see docs/milestones/m3-catalogue.md
      # TODO(m7.1): answer 304 to an unchanged ETag, see docs/milestones/m7-caching-and-jobs.md
      # TODO(m7.2): cache product pages, see docs/milestones/m7-caching-and-jobs.md
      def index
        render_page ProductQuery.new(params).page, ProductSerializer
      end

      # TODO(m7.2): count views without a write in the request, see docs/milestones/m7-caching-and-jobs.md
      def show
        render json: ProductSerializer.new(Product.active.with_associations.find(params[:id]))
      end

      # TODO(m3.2): create a product, see docs/milestones/m3-catalogue.md
      def create = not_built_yet("m3.2")

      # TODO(m3.2): change a product, see docs/milestones/m3-catalogue.md
      def update = not_built_yet("m3.2")

      # TODO(m3.2): delete a product, see docs/milestones/m3-catalogue.md
      def destroy = not_built_yet("m3.2")
    end
  end
end
