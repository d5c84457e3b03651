require "puma"
require "puma/server"

# Puma hangs now and then when it is stopped (puma/puma#3677; one stop in ten was seen): the signal handler writes to a pipe
# that another thread closes at that moment, and each waits for the other. A thread that does nothing else can be
# interrupted, a signal handler can't.
module PumaShutdown
  private

  def notify_safely(message) = Thread.new { super(message) }
end

Puma::Server.prepend(PumaShutdown)
