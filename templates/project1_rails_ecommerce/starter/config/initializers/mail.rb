# Mails go to the server that SMTP_URL names; without one they are written to the log.
require "mail_to_log"

Rails.application.config.action_mailer.tap do |mailer|
  next if Rails.env.test?

  url = Settings.current.smtp_url && URI.parse(Settings.current.smtp_url)
  if url
    mailer.delivery_method = :smtp
    mailer.smtp_settings = { address: url.host, port: url.port || 25, user_name: url.user, password: url.password,
                             enable_starttls_auto: true, open_timeout: 5, read_timeout: 5 }.compact
  else
    ActionMailer::Base.add_delivery_method :log, MailToLog
    mailer.delivery_method = :log
  end
end
