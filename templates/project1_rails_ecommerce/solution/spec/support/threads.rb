# Several clients at the same moment, each with its own connection to the database. Their changes are committed for
# real, so the group says `self.use_transactional_tests = false` and cleans up after itself:
#
#   answers = at_once(20) { |number| … }
module Threads
  def at_once(count)
    gate = Queue.new
    threads = Array.new(count) do |number|
      Thread.new do
        gate.pop
        Rails.application.executor.wrap { yield number }
      end
    end
    count.times { gate << :go }
    threads.map(&:value)
  end

  # Empties every table, for examples that committed something.
  def empty_tables
    tables = ActiveRecord::Base.connection.tables - %w[schema_migrations ar_internal_metadata]
    ActiveRecord::Base.connection.truncate_tables(*tables)
  end
end

RSpec.configure { |config| config.include Threads }
