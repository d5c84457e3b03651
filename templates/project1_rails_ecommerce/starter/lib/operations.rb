require "etc"
require "json"
require "pg"
require "redis"
require_relative "metrics"
require_relative "problems"

# /healthz, /readyz and /metrics as a Rack application, the same for the web and the worker process.
class Operations
  PATHS = %w[/healthz /readyz /metrics].freeze
  # Shorter than any prober waits: a dependency that hangs is down.
  TIMEOUT_SECONDS = 2

  CHECKS = {
    # Connections of their own: with the pools exhausted this must still answer.
    postgresql: lambda {
      connection = PG.connect(Settings.current.database_url, connect_timeout: TIMEOUT_SECONDS,
                                                             options: "-c statement_timeout=#{TIMEOUT_SECONDS}s")
      begin
        connection.exec("SELECT 1")
      ensure
        connection.close
      end
    },
    redis: lambda {
      redis = Redis.new(url: Settings.current.redis_url, timeout: TIMEOUT_SECONDS, reconnect_attempts: 0)
      begin
        redis.ping
      ensure
        redis.close
      end
    }
  }.freeze

  # What the kernel says this process holds; nothing where there is no /proc.
  Metrics.gauge("process_resident_memory_bytes", "Memory that the process holds.") do
    pages = File.exist?("/proc/self/statm") ? File.read("/proc/self/statm").split[1] : nil
    pages ? { {} => pages.to_i * Etc.sysconf(Etc::SC_PAGESIZE) } : {}
  end

  def initialize(process)
    @process = process
  end

  def call(env)
    case env["PATH_INFO"]
    when "/healthz" then health
    when "/readyz" then readiness
    when "/metrics" then [200, { "content-type" => Metrics::CONTENT_TYPE }, [Metrics.text]]
    else Problems::NotFound.new.to_rack
    end
  end

  private

  # This process is up, whatever its dependencies do: a restart would not repair those.
  def health
    json(200, status: "ok", process: @process, version: Shop::VERSION, commit: Settings.current.git_commit)
  end

  def readiness
    checks = CHECKS.to_h { |name, check| [name, state(name, check)] }
    ready = checks.values.all?("ok")
    json(ready ? 200 : 503, status: ready ? "ok" : "unavailable", checks:)
  end

  def state(name, check)
    check.call
    "ok"
  rescue PG::Error, Redis::BaseError => e
    # The reason is for the log: it may name hosts and users.
    Rails.logger.warn("#{name} is unavailable: #{e.message}")
    "unavailable"
  end

  def json(status, body) = [status, { "content-type" => "application/json" }, [JSON.generate(body)]]
end
