# Writes categories so that they stay a tree. Two moves at the same moment could each be right and close a circle
# together, so all writes queue up behind one lock.
module CategoryWriter
  LOCK = "SELECT pg_advisory_xact_lock(hashtext('categories'))".freeze

  class << self
    # Stores the category with these attributes, or raises what is wrong with them.
    def store(category, attributes)
      in_turn do
        category.lock! if category.persisted?
        refuse_circle(category, attributes[:parent_id])
        category.update!(attributes)
      end
    rescue ActiveRecord::RecordNotUnique
      raise Problems::Conflict.new("The slug is taken.", fields: { slug: "is taken" })
    end

    def delete(category)
      in_turn do
        raise Problems::Conflict, "A category with children can't be deleted." if category.children.exists?
        raise Problems::Conflict, "A category with products can't be deleted." if category.products.exists?

        category.destroy!
      end
    rescue ActiveRecord::InvalidForeignKey # a product came in between
      raise Problems::Conflict, "A category with products can't be deleted."
    end

    private

    def in_turn
      Catalogue.change do
        Category.with_connection { |connection| connection.execute(LOCK) }
        yield
      end
    end

    # Goes up from the new parent; whoever meets the category itself would close a circle.
    def refuse_circle(category, parent_id)
      return if parent_id.nil?

      parents = Category.pluck(:id, :parent_id).to_h
      raise Problems::Invalid, { parent_id: "must be the id of a category" } unless parents.key?(parent_id)

      above = parent_id
      while above
        raise Problems::Invalid, { parent_id: "must not be the category itself or lie below it" } if above == category.id

        above = parents[above]
      end
    end
  end
end
