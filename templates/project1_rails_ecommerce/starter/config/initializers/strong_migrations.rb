# A migration that would lock a table for longer than it takes to add a column is refused, with the safe way to do it.
StrongMigrations.target_postgresql_version = "14"
StrongMigrations.lock_timeout = 5.seconds
StrongMigrations.statement_timeout = 1.minute
