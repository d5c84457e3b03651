# What customers hear of their orders.
class OrderMailer < ApplicationMailer
  # What a kind of notification says in the subject and in the text.
  NEWS = {
    "order_received" => ["received", "we have your order. It is yours as soon as it is paid."],
    "order_paid" => ["paid", "your payment has arrived. We are packing."],
    "order_shipped" => ["shipped", "your order is on its way to you."]
  }.freeze

  def news(kind)
    order = params.fetch(:order)
    word, text = NEWS.fetch(kind)
    text_to(order.user, "Order #{order.order_number} #{word}",
            "#{text}\n\nOrder #{order.order_number}, #{Money.format(order.total)} #{order.currency}")
  end
end
