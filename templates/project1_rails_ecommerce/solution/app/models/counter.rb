# Numbers that only grow, each drawn in the transaction of what it numbers. The row stays locked until the commit, so
# numbers become visible in their order: whoever has seen 11 will never be surprised by a late 10.
class Counter < ApplicationRecord
  self.primary_key = "name"

  NEXT = <<~SQL.squish.freeze
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value
  SQL

  # Draws a number. It should be the last statement but one of its transaction, since others wait for the commit.
  def self.next(name)
    # Not select_value, whose answer the query cache of a request would keep.
    with_connection { |connection| connection.exec_query(NEXT, "Counter Next", [name]).rows.first.first }
  end

  def self.current(name) = where(name:).pick(:value) || 0
end
