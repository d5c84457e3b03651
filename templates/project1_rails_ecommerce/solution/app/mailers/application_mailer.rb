# Mails are plain text, and sent by jobs in the worker: a request only leaves a Notification behind.
class ApplicationMailer < ActionMailer::Base
  private

  def text_to(user, subject, text)
    mail(to: user.email, subject:) { |format| format.text { render plain: "Hello #{user.first_name},\n\n#{text}\n" } }
  end
end
