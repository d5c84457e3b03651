# Observability::Requests writes the one line that a request gets; Rails' own lines, several for each, would repeat it.
ActiveSupport.on_load(:action_controller) do
  require "action_controller/log_subscriber"
  ActionController::LogSubscriber.detach_from(:action_controller)
end

ActiveSupport.on_load(:action_mailer) do
  require "action_mailer/log_subscriber"
  ActionMailer::LogSubscriber.detach_from(:action_mailer)
end
