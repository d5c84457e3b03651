# One page of a list: its records and how many there are in all pages.
Page = Data.define(:records, :number, :size, :total) do
  # Reads `page` and `per_page`, and cuts the page out of a relation that has an order.
  def self.parameters(query)
    [query.integer(:page, default: 1, range: 1..1_000_000), query.integer(:per_page, default: 20, range: 1..100)]
  end

  def self.of(relation, number, size)
    new(records: relation.limit(size).offset((number - 1) * size).to_a, number:, size:,
        total: relation.unscope(:order, :preload).count)
  end
end
