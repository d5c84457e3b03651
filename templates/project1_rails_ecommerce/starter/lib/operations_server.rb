require_relative "operations"
require_relative "puma_shutdown"

# Serves /healthz, /readyz and /metrics for the worker, which serves no other pages: a small Puma in its own threads.
class OperationsServer
  # Starts serving; without a port, nothing is served. Raises Errno::EADDRINUSE if the port is taken.
  def self.start(process, port)
    return unless port

    new(process, port).tap(&:start)
  end

  def initialize(process, port)
    app = Rack::Builder.app do
      use Observability::Requests
      run(lambda do |env|
        path = env["PATH_INFO"]
        env["action_dispatch.route_uri_pattern"] = path if Operations::PATHS.include?(path)
        Operations.new(process).call(env)
      end)
    end
    # What it says of itself is in the log of requests already.
    @server = Puma::Server.new(app, nil, min_threads: 0, max_threads: 2, log_writer: Puma::LogWriter.null)
    @server.add_tcp_listener("0.0.0.0", port)
  end

  def start
    @server.run
    Rails.logger.info("serving health and metrics")
  end

  def stop = @server.stop(true)
end
