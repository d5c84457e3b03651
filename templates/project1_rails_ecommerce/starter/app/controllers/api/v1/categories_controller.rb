module Api
  module V1
    # The category tree.
    class CategoriesController < BaseController
      allow_anonymous only: :index

      # TODO(m7.1): answer 304 to an unchanged ETag, see docs/milestones/m7-caching-and-jobs.md
      def index
        render json: { items: CategoryTree.load.as_json }
      end

      # TODO(m3.1): create a category, see docs/milestones/m3-catalogue.md
      def create = not_built_yet("m3.1")

      # TODO(m3.1): change a category, see docs/milestones/m3-catalogue.md
      def update = not_built_yet("m3.1")

      # TODO(m3.1): delete an empty category, see docs/milestones/m3-catalogue.md
      def destroy = not_built_yet("m3.1")
    end
  end
end
