require "rails_helper"

# In a database of its own, which is made and dropped here.
RSpec.describe "Migrations" do
  self.use_transactional_tests = false

  def url = Settings.current.database_url.sub(/_test(?=\z|\?)/, "_migrations")

  def connected(url)
    original = ActiveRecord::Base.connection_db_config
    ActiveRecord::Base.establish_connection(url)
    yield
  ensure
    ActiveRecord::Base.establish_connection(original)
  end

  around do |example|
    original = ActiveRecord::Base.connection_db_config
    name = url[%r{/([^/?]+)(\?|\z)}, 1]
    ActiveRecord::Base.connection.execute("DROP DATABASE IF EXISTS #{name} WITH (FORCE)")
    ActiveRecord::Base.connection.execute("CREATE DATABASE #{name}")
    verbose = ActiveRecord::Migration.verbose
    ActiveRecord::Migration.verbose = false
    ActiveRecord::Base.establish_connection(url)
    example.run
  ensure
    ActiveRecord::Migration.verbose = verbose
    ActiveRecord::Base.establish_connection(original)
    ActiveRecord::Base.connection.execute("DROP DATABASE IF EXISTS #{name} WITH (FORCE)")
  end

  def migrate(version = nil) = ActiveRecord::Base.connection_pool.migration_context.migrate(version)

  def schema
    stream = StringIO.new
    ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.connection_pool, stream)
    stream.string
  end

  def tables = ActiveRecord::Base.connection.tables - %w[schema_migrations ar_internal_metadata]

  it "make what db/schema.rb says, down to nothing and up again" do
    migrate
    migrated = schema
    migrate(0)
    expect(tables).to eq([])
    migrate
    expect(schema).to eq(migrated)
    migrate(0)
    load Rails.root.join("db/schema.rb")
    expect(schema).to eq(migrated)
  end
end
