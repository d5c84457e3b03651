module Api
  module V1
    # The category tree.
    class CategoriesController < BaseController
      allow_anonymous only: :index
      before_action(except: :index) { authorize CategoryPolicy.new(Current.user).write? }

      def index
        render_cached("categories") { { items: CategoryTree.load.as_json } }
      end

      def create
        category = Category.new
        CategoryWriter.store(category, fields(CategoryForm))
        render json: CategorySerializer.new(category), status: :created
      end

      def update
        category = Category.find(params[:id])
        CategoryWriter.store(category, fields(CategoryForm, partial: true))
        render json: CategorySerializer.new(category)
      end

      def destroy
        CategoryWriter.delete(Category.find(params[:id]))
        head :no_content
      end
    end
  end
end
