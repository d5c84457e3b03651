# Turns a cart into an order, once, and takes the stock of all its lines or of none.
#
# Locks are taken in one order everywhere: the user, the cart's items, the products by id, and the catalogue's number
# last. Two checkouts of one cart queue up at the user, and the second finds the cart empty.
class Checkout
  def initialize(user, given)
    @user = user
    @given = given
  end

  # The order. Raises a conflict for an empty cart and for what can't be had; nothing has changed then.
  def call
    Catalogue.change do
      @user.lock!("FOR NO KEY UPDATE")
      items = @user.cart_items.order(:id).lock.to_a
      raise Problems::Conflict, "The cart is empty." if items.empty?

      products = Product.lock_in_order(items.map(&:product_id))
      refuse_shortages(items, products)
      order = place(items, products)
      take_stock(order, items, products)
      items.each(&:delete)
      Notification.of_order("received", order)
      order
    end
  end

  private

  def refuse_shortages(items, products)
    shortages = items.filter_map do |item|
      product = products.fetch(item.product_id)
      if !product.active?
        ["items.#{product.id}", "is not for sale any more"]
      elsif product.stock_quantity < item.quantity
        ["items.#{product.id}", "#{item.quantity} wanted, #{product.stock_quantity} in stock"]
      end
    end
    return if shortages.empty?

    raise Problems::Conflict.new("#{shortages.size} of #{items.size} products can't be had like this.",
                                 fields: shortages.to_h)
  end

  def place(items, products)
    totals = OrderTotals.new(items, @given[:shipping_method])
    order = @user.orders.create!(order_number: Order.new_number, **@given, **totals.to_h)
    categories = Category.where(id: products.values.map(&:category_id)).index_by(&:id)
    items.zip(totals.lines).each.with_index(1) do |(item, figures), line|
      product = products.fetch(item.product_id)
      order.items.create!(line:, product:, product_name: product.name, sku: product.sku,
                          category: categories.fetch(product.category_id).name, **figures.to_h)
    end
    order
  end

  # In the order of the locks, whatever the order of the cart is.
  def take_stock(order, items, products)
    items.sort_by(&:product_id).each do |item|
      Stock.move(products.fetch(item.product_id), -item.quantity, reason: "order", order:)
    end
  end
end
