# Loaded before everything else, so that coverage sees every line of the application.
require "simplecov"

SimpleCov.start do
  enable_coverage :branch
  # Files that no spec loads count, too.
  cover "{app,lib}/**/*.rb", "config/settings.rb", "config/initializers/*.rb"
  # A part of the suite reaches a part of the code only; bin/test and CI run all of it.
  minimum_coverage line: 90 if ENV["COVERAGE_BAR"]
end

# For CI, which shows the result of each example; without the gem, the specs run all the same.
begin
  require "rspec_junit_formatter"
rescue LoadError
  nil
end

RSpec.configure do |config|
  if ENV["CI"] && defined?(RspecJunitFormatter)
    config.add_formatter("progress")
    config.add_formatter("RspecJunitFormatter", "test-results.xml")
  end
  config.expect_with(:rspec) { |expectations| expectations.include_chain_clauses_in_custom_matcher_descriptions = true }
  config.mock_with(:rspec) { |mocks| mocks.verify_partial_doubles = true }
  config.shared_context_metadata_behavior = :apply_to_host_groups
  config.filter_run_when_matching :focus
  config.disable_monkey_patching!
  config.example_status_persistence_file_path = "tmp/rspec_examples.txt"
  Kernel.srand config.seed
end
