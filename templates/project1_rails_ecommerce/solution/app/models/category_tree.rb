# The active categories as visitors see them: siblings in order, and nothing below an inactive one. One query, whatever
# its depth.
class CategoryTree
  Node = Struct.new(:category, :children) do
    def as_json(*)
      category.slice(:id, :name, :slug, :sort_order).merge("children" => children.as_json)
    end

    # Ids of this category and of everything below it.
    def ids = [category.id, *children.flat_map(&:ids)]
  end

  def self.load = new(Category.where(active: true).to_a)

  def initialize(categories)
    # Sorted here, so that the order doesn't depend on what a database takes for lower case.
    sorted = categories.sort_by { |category| [category.sort_order, category.name.downcase, category.id] }
    @children = sorted.group_by(&:parent_id)
  end

  def roots = nodes(nil)

  def as_json(*) = roots.as_json

  # The node with this slug, or nil if visitors don't see one.
  def find(slug)
    search(roots, slug)
  end

  private

  def nodes(parent_id)
    @children.fetch(parent_id, []).map { |category| Node.new(category, nodes(category.id)) }
  end

  def search(nodes, slug)
    nodes.each do |node|
      found = node.category.slug == slug ? node : search(node.children, slug)
      return found if found
    end
    nil
  end
end
