# The web process. One process with threads: metrics are kept in its memory, and ECS runs as many copies as are needed.
require_relative "../lib/observability/json_formatter"
require_relative "../lib/puma_shutdown"

threads_count = ENV.fetch("RAILS_MAX_THREADS", "5").to_i
threads threads_count, threads_count
bind "tcp://0.0.0.0:#{ENV.fetch('PORT', '8000')}"

# Rails answers methods that don't exist, with a 405 like any other wrong one.
supported_http_methods :any

# SIGTERM: stop accepting, finish what is in flight, exit 0. A load balancer keeps connections open, so without an end
# to the waiting one slow client could hold the process until it is killed.
raise_exception_on_sigterm false
force_shutdown_after 8

formatter = Observability::JsonFormatter.new
log_formatter { |line| formatter.call("INFO", Time.now.utc, "puma", line).chomp }
