# How many statements a block sends to the database:
#
#   expect { get "/api/v1/products" }.to send_statements(at_most: 4)
#   statements_of { get "/api/v1/products" }
module QueryCounter
  IGNORED = /\A\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|SHOW)\b/i

  def statements_of(&)
    seen = []
    count = lambda do |*, payload|
      seen << payload[:sql] unless payload[:name] == "SCHEMA" || payload[:cached] || payload[:sql].match?(IGNORED)
    end
    ActiveSupport::Notifications.subscribed(count, "sql.active_record", &)
    seen
  end
end

RSpec.configure { |config| config.include QueryCounter }

RSpec::Matchers.define :send_statements do |at_most:|
  supports_block_expectations
  match do |block|
    @statements = statements_of(&block)
    @statements.size <= at_most
  end
  failure_message { "expected at most #{at_most} statements, got #{@statements.size}:\n#{@statements.join("\n")}" }
end
