# Where mails go when there is no mail server: into the log, without their text.
class MailToLog
  def initialize(_settings); end

  def deliver!(mail)
    Rails.logger.info(message: "mail to #{mail.to.join(', ')}: #{mail.subject}")
  end
end
