module Api
  module V1
    # The catalogue.
    class ProductsController < BaseController
      allow_anonymous only: %i[index show]

      def index
        query = ProductQuery.new(params)
        render_cached("products", query.cache_key) { page_json(query.page, ProductSerializer) }
      end

      def show
        render_cached("product", params[:id].to_i) do
          ProductSerializer.new(Product.active.with_associations.find(params[:id])).as_json
        end
        ProductViews.count(params[:id].to_i)
      end

      def create
        authorize policy.create?
        given = fields(ProductForm, except: hidden_fields)
        vendor = given.key?(:vendor_id) ? User.find(given.delete(:vendor_id)) : Current.user
        product = ProductWriter.create(vendor, given)
        render json: ProductSerializer.new(product), status: :created, location: "/api/v1/products/#{product.id}"
      end

      def update
        product = product_to_write
        ProductWriter.update(product) do |locked|
          fields(ProductForm, partial: true, record: locked, except: [:stock_quantity, *hidden_fields])
        end
        render json: ProductSerializer.new(product)
      end

      def destroy
        ProductWriter.delete(product_to_write)
        head :no_content
      end

      private

      def policy(record = nil) = ProductPolicy.new(Current.user, record)

      # The role is looked at before the record: a customer learns nothing about what is there.
      def product_to_write
        authorize policy.create?
        Product.find(params[:id]).tap { |product| authorize policy(product).write? }
      end

      # For vendors there is no vendor but themselves.
      def hidden_fields = policy.assign_vendor? ? [] : [:vendor_id]
    end
  end
end
