require "rails_helper"

RSpec.describe Settings do
  let(:complete) do
    { "DATABASE_URL" => "postgresql://shop:pw@localhost:5432/shop", "REDIS_URL" => "redis://localhost:6379/0",
      "SECRET_KEY" => "s" * 32, "WEBHOOK_SECRET" => "w" * 32, "SERVICE_TOKEN" => "t" * 32 }
  end

  def settings(changes = {}) = described_class.new(complete.merge(changes))

  it "has nothing to complain of when everything is there" do
    expect(settings.complaint).to be_nil
  end

  it "names what is missing, and shows no value" do
    complete.each_key do |name|
      complaint = described_class.new(complete.except(name)).complaint
      expect(complaint).to eq("#{name} not set; .env.example says what each is for")
    end
  end

  describe "what can't be right" do
    def complaint(changes) = settings(changes).complaint

    it "is a secret of fewer than 32 characters" do
      %w[SECRET_KEY WEBHOOK_SECRET SERVICE_TOKEN].each do |name|
        expect(complaint(name => "ä" * 32)).to be_nil
        expect(complaint(name => "x" * 31))
          .to eq("#{name} must have at least 32 characters; .env.example says what each is for")
      end
    end

    it "is a database without a host, a name, or PostgreSQL" do
      %w[postgresql://localhost/shop postgres://u:p@db:5432/shop?sslmode=require].each do |url|
        expect(complaint("DATABASE_URL" => url)).to be_nil
      end
      ["mysql://localhost/shop", "postgresql://localhost", "postgresql://localhost/", "postgresql:///shop", "shop",
       "postgresql://local host/shop", "sqlite3:shop"].each do |url|
        expect(complaint("DATABASE_URL" => url)).to start_with("DATABASE_URL must be a postgresql:// URL with a host and")
      end
    end

    it "is a Redis that isn't one" do
      %w[redis://localhost rediss://:pw@cache:6380/1].each { |url| expect(complaint("REDIS_URL" => url)).to be_nil }
      ["http://localhost", "redis://", "redis:localhost", "localhost:6379", "redis://local host"].each do |url|
        expect(complaint("REDIS_URL" => url)).to start_with("REDIS_URL must be a redis:// or rediss:// URL")
      end
    end

    it "is a level that no logger has" do
      %w[debug info warn error fatal WARN].each { |level| expect(complaint("LOG_LEVEL" => level)).to be_nil }
      %w[verbose 1 unknown].each do |level|
        expect(complaint("LOG_LEVEL" => level)).to start_with("LOG_LEVEL must be one of debug, info, warn, error, fatal;")
      end
    end

    it "is named together with everything else, on one line and without a value" do
      text = complaint("SECRET_KEY" => "short-secret", "REDIS_URL" => "nonsense", "SERVICE_TOKEN" => "")
      expect(text).to eq("SERVICE_TOKEN not set; SECRET_KEY must have at least 32 characters; " \
                         "REDIS_URL must be a redis:// or rediss:// URL; .env.example says what each is for")
    end
  end

  it "names everything that is missing at once" do
    expect(described_class.new({}).complaint).to include(*complete.keys)
  end

  it "takes an empty variable as a missing one" do
    expect(settings("SECRET_KEY" => "").complaint).to start_with("SECRET_KEY not set")
  end

  it "has defaults for what may be left out" do
    expect(settings).to have_attributes(log_level: "info", port: nil, threads: 5, git_commit: nil, force_https?: false,
                                        smtp_url: nil, mail_from: "shop@example.com", payment_provider_url: nil)
  end

  it "reads what is given" do
    given = settings("LOG_LEVEL" => "DEBUG", "PORT" => "8200", "RAILS_MAX_THREADS" => "3", "GIT_COMMIT" => "3f0d7e5",
                     "FORCE_HTTPS" => "true", "SMTP_URL" => "smtp://mail:25", "MAIL_FROM" => "a@example.com",
                     "PAYMENT_PROVIDER_URL" => "http://provider")
    expect(given).to have_attributes(log_level: "debug", port: 8200, threads: 3, git_commit: "3f0d7e5", force_https?: true,
                                     smtp_url: "smtp://mail:25", mail_from: "a@example.com",
                                     payment_provider_url: "http://provider", redis_url: "redis://localhost:6379/0",
                                     secret_key: "s" * 32, webhook_secret: "w" * 32, service_token: "t" * 32)
  end

  it "gives specs a database of their own, and only one" do
    expect(described_class.new(complete, test: true).database_url).to eq("postgresql://shop:pw@localhost:5432/shop_test")
    with_test = described_class.new({ "DATABASE_URL" => "postgresql://localhost/shop_test?sslmode=disable" }, test: true)
    expect(with_test.database_url).to eq("postgresql://localhost/shop_test?sslmode=disable")
    expect(settings.database_url).to eq("postgresql://shop:pw@localhost:5432/shop")
  end

  it "gives specs secrets that are none" do
    only_addresses = complete.slice("DATABASE_URL", "REDIS_URL")
    expect(described_class.new(only_addresses, test: true).complaint).to be_nil
    expect(described_class.new(only_addresses).complaint).to be_present
  end

  it "ends the process with one line when something is missing" do
    file = Rails.root.join("config/settings.rb").to_s
    environment = complete.except("REDIS_URL").merge("REDIS_URL" => nil, "RAILS_ENV" => "production")
    output, status = Open3.capture2e(environment, RbConfig.ruby, "-r", file, "-e", "Settings.current")
    expect(output).to eq("REDIS_URL not set; .env.example says what each is for\n")
    expect(status.exitstatus).to eq(1)
  end
end
