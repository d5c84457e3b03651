# For specs that need the application. Specs of plain Ruby (lib, services) need only spec_helper and start faster.
require "spec_helper"
ENV["RAILS_ENV"] ||= "test"
require_relative "../config/environment"
abort("Specs don't run in production.") if Rails.env.production?
require "rspec/rails"

Rails.root.glob("spec/support/**/*.rb").each { |file| require file }
ActiveRecord::Migration.maintain_test_schema!

RSpec.configure do |config|
  config.use_transactional_fixtures = true
  config.infer_spec_type_from_file_location!
  config.filter_rails_from_backtrace!

  config.include FactoryBot::Syntax::Methods
  config.include ActiveSupport::Testing::TimeHelpers
  config.include ActiveJob::TestHelper
  config.include Requests, type: :request
  config.include ProviderOnAPort

  # Each example starts with nothing remembered: no page, no failed login, no view.
  config.before do
    Rails.cache.clear
    Shop.redis.del(ProductViews::KEY, *Shop.redis.scan_each(match: "logins:*"))
  end
end
