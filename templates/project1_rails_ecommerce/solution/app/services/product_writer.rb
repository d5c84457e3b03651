# Writes products, and what belongs to it: the catalogue's version and the first entry of the stock ledger.
module ProductWriter
  class << self
    def create(vendor, given)
      product = Product.new(vendor:, **given.except(:stock_quantity))
      storing(product) do
        product.save!
        stock = given.fetch(:stock_quantity, 0)
        Stock.move(product, stock, reason: "initial") if stock.positive?
      end
    end

    # The block gives the attributes, by looking at the product as it is once nobody else can change it.
    def update(product)
      storing(product) do
        product.lock!("FOR NO KEY UPDATE")
        product.update!(yield(product))
      end
    end

    def delete(product)
      Catalogue.change do
        # Before the product, as a checkout locks them.
        CartItem.where(product:).order(:id).lock.to_a.each(&:delete)
        raise ActiveRecord::InvalidForeignKey if OrderItem.exists?(product:)

        product.delete
      end
    rescue ActiveRecord::InvalidForeignKey
      raise Problems::Conflict, "A product that was ordered can't be deleted; set active to false instead."
    end

    private

    def storing(product, &)
      Catalogue.change(&)
      product
    rescue ActiveRecord::RecordNotUnique
      raise Problems::Conflict.new("The product is there already.", fields: taken(product))
    rescue ActiveRecord::InvalidForeignKey # gone since the form looked
      raise Problems::Invalid, { category_id: "must be the id of a category" }
    end

    # Which fields another product has: the database names the first one only.
    def taken(product)
      others = Product.where.not(id: product.id_in_database)
      fields = []
      fields << :sku if others.exists?(["lower(sku) = lower(?)", product.sku])
      fields << :slug if others.exists?(slug: product.slug)
      fields.index_with("is taken")
    end
  end
end
