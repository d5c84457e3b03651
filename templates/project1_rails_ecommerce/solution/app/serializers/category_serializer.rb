# A category as docs/openapi.yaml shows it to admins.
class CategorySerializer
  PLAIN = %i[id name slug parent_id sort_order active].freeze

  def initialize(category)
    @category = category
  end

  def as_json(*)
    @category.slice(*PLAIN).merge(created_at: Timestamp.format(@category.created_at),
                                  updated_at: Timestamp.format(@category.updated_at))
  end
end
