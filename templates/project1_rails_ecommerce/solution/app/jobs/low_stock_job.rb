# Tells a vendor that a product is running out.
class LowStockJob < MailJob
  queue_as :default

  private

  def mail(notification) = StockMailer.with(product: notification.product).low
end
