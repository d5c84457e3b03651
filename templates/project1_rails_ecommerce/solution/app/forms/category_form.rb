# A place in the catalogue.
class CategoryForm < SluggedForm
  PARENT_RULE = Rules.nullable(Rules.id_in("must be the id of a category") { Category })

  field :name, Rules.text(1..100), required: true
  field :slug, SLUG_RULE
  field :parent_id, PARENT_RULE
  field :sort_order, Rules.integer(0..1_000_000)
  field :active, Rules.boolean
end
