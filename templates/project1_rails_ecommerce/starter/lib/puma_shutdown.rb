require "puma"
require "puma/server"

# Puma up to 8.0.2 hangs now and then when it is stopped (puma/puma#3677, one stop in ten was seen): its message to itself
# and the closing of the pipe lock each other out. Written without Ruby's buffer they don't. Remove this file when
# Gemfile.lock has a later version.
module PumaShutdown
  private

  def notify_safely(message)
    @notify.syswrite(message)
  rescue IOError, SystemCallError, NoMethodError
    nil # it is shutting down already
  end
end

Puma::Server.prepend(PumaShutdown)
