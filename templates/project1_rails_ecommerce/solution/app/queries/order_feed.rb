# The orders that project 2 reads, in the order of their last change of status: the parameters of
# GET /api/v1/orders/export (docs/adr/0005).
class OrderFeed
  SIZE = 100

  Page = Data.define(:orders, :next_cursor, :has_more)

  # Cursors are signed, so that only what was given out is taken.
  class Cursor
    def self.write(number) = verifier.generate(number, purpose: :order_feed)
    def self.read(text) = verifier.verified(text, purpose: :order_feed)
    def self.verifier = Rails.application.message_verifier("order_feed")
    private_class_method :verifier
  end

  # After which number a time lies. One statement, so that a change that is committed meanwhile isn't lost between two.
  BEFORE = <<~SQL.squish.freeze
    COALESCE(MIN(change_number) FILTER (WHERE changed_at >= ?) - 1, MAX(change_number), 0)
  SQL

  def initialize(params)
    query = QueryParameters.new(params)
    cursor = query.text(:cursor, longest: 200)
    @after = cursor && Cursor.read(cursor)
    query.error(:cursor, "was never given out") if cursor && !@after
    @since = query.time(:since)
    query.error(:since, "must not be there with a cursor") if params.key?(:cursor) && params.key?(:since)
    query.validate!
  end

  def page
    after = @after || start
    orders = Order.where("change_number > ?", after).preload(:items).order(:change_number).limit(SIZE + 1).to_a
    shown = orders.first(SIZE)
    Page.new(orders: shown, next_cursor: Cursor.write(shown.last&.change_number || after), has_more: orders.size > SIZE)
  end

  private

  def start = @since ? Order.pick(Arel.sql(Order.sanitize_sql([BEFORE, @since]))) : 0
end
