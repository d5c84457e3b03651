# A product as docs/openapi.yaml shows it.
class ProductSerializer
  PLAIN = %i[id name slug sku description stock_quantity tags active featured reviews_count images].freeze

  def initialize(product)
    @product = product
  end

  def as_json(*)
    @product.slice(*PLAIN).merge(
      price: Money.format(@product.price),
      compare_price: @product.compare_price && Money.format(@product.compare_price),
      currency: "EUR",
      category: @product.category.slice(:id, :name, :slug),
      vendor: { id: @product.vendor.id, name: @product.vendor.name },
      average_rating: Money.format(@product.average_rating),
      created_at: Timestamp.format(@product.created_at),
      updated_at: Timestamp.format(@product.updated_at)
    )
  end
end
