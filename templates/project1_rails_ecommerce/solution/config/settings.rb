require "uri"

# Settings, read from the environment and from nowhere else. `.env.example` explains each variable.
class Settings
  REQUIRED = %w[DATABASE_URL REDIS_URL SECRET_KEY WEBHOOK_SECRET SERVICE_TOKEN].freeze
  # Specs need some value and no secret.
  FOR_TESTS = { "SECRET_KEY" => "for-tests-only-secret-key-0123456789",
                "WEBHOOK_SECRET" => "for-tests-only-webhook-secret-0123456789",
                "SERVICE_TOKEN" => "for-tests-only-service-token-0123456789" }.freeze
  SECRETS = %w[SECRET_KEY WEBHOOK_SECRET SERVICE_TOKEN].freeze
  SHORTEST_SECRET = 32 # characters
  LOG_LEVELS = %w[debug info warn error fatal].freeze

  class << self
    # The process's settings, read once. Ends the process with status 1 and one line when they can't work: a log is
    # no place for a backtrace that shows a database password.
    def current
      @current ||= new(ENV.to_h, test: ENV["RAILS_ENV"] == "test").tap do |settings|
        abort(settings.complaint) if settings.complaint
      end
    end
  end

  def initialize(environment, test: false)
    # An empty variable counts as missing: `SECRET_KEY=` in a shell or a compose file is never meant.
    @environment = environment.reject { |_name, value| value.empty? }
    @environment = FOR_TESTS.merge(@environment) if test
    @test = test
  end

  # What is wrong, as one line that names every variable and shows no value; nil when nothing is.
  def complaint
    missing = REQUIRED - @environment.keys
    complaints = missing.any? ? ["#{missing.join(', ')} not set"] : []
    complaints += wrong.except(*missing).map { |name, rule| "#{name} #{rule}" }
    "#{complaints.join('; ')}; .env.example says what each is for" if complaints.any?
  end

  # Specs get a database of their own beside the one that is named, which may be the one that bin/dev uses.
  def database_url
    url = @environment.fetch("DATABASE_URL")
    return url unless @test

    url.sub(%r{\A([^?]*/[^/?]+?)(?:_test)?(\?.*)?\z}, '\1_test\2')
  end

  def redis_url = @environment.fetch("REDIS_URL")
  def secret_key = @environment.fetch("SECRET_KEY")
  def webhook_secret = @environment.fetch("WEBHOOK_SECRET")
  def service_token = @environment.fetch("SERVICE_TOKEN")
  def log_level = @environment.fetch("LOG_LEVEL", "info").downcase
  def port = @environment["PORT"]&.to_i
  def threads = @environment.fetch("RAILS_MAX_THREADS", "5").to_i
  def git_commit = @environment["GIT_COMMIT"]
  def force_https? = @environment["FORCE_HTTPS"] == "true"
  def smtp_url = @environment["SMTP_URL"]
  def mail_from = @environment.fetch("MAIL_FROM", "shop@example.com")
  def payment_provider_url = @environment["PAYMENT_PROVIDER_URL"]

  private

  # The variables that can't be right, each with what it must be.
  def wrong
    rules = {}
    SECRETS.each { |name| rules[name] = "must have at least #{SHORTEST_SECRET} characters" if short?(name) }
    rules["DATABASE_URL"] = "must be a postgresql:// URL with a host and a database" unless database?
    rules["REDIS_URL"] = "must be a redis:// or rediss:// URL" unless redis?
    rules["LOG_LEVEL"] = "must be one of #{LOG_LEVELS.join(', ')}" unless LOG_LEVELS.include?(log_level)
    rules
  end

  def short?(name) = @environment.fetch(name, "").length < SHORTEST_SECRET

  def database?
    url = address("DATABASE_URL", %w[postgresql postgres])
    url && url.path.length > 1
  end

  def redis? = address("REDIS_URL", %w[redis rediss])

  # The URL that a variable holds, or nil if it isn't one with such a scheme and a host.
  def address(name, schemes)
    url = URI.parse(@environment.fetch(name, ""))
    url if schemes.include?(url.scheme) && url.host.to_s != ""
  rescue URI::InvalidURIError
    nil
  end
end
