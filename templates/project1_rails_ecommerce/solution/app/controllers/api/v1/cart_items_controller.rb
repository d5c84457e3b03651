module Api
  module V1
    # The lines of the own cart.
    class CartItemsController < BaseController
      def create
        given = fields(CartItemForm)
        product = Product.active.find_by(id: given[:product_id])
        raise Problems::Invalid, { product_id: "must be the id of a product that is for sale" } unless product

        item = CartItem.add(Current.user, product, given[:quantity])
        raise Problems::Invalid, { quantity: "must not become more than #{CartItem::MOST}" } unless item

        render json: CartItemSerializer.new(item), status: :created
      end

      def update
        item = own_item
        item.update!(fields(CartQuantityForm))
        render json: CartItemSerializer.new(item)
      end

      def destroy
        own_item.delete
        head :no_content
      end

      private

      # Looked up through the user, so that somebody else's item isn't there.
      def own_item = Current.user.cart_items.find(params[:id])
    end
  end
end
