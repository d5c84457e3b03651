# For specs.
Rails.application.configure do
  config.enable_reloading = false
  # CI loads everything, as production does; a single spec on a developer's machine doesn't wait for it.
  config.eager_load = ENV["CI"].present?
  config.logger = Observability.logger(Rails.root.join("log/test.log").open("a"))
  config.cache_store = :memory_store
  config.active_job.queue_adapter = :test
  config.action_mailer.delivery_method = :test
  config.active_support.deprecation = :stderr
  config.i18n.raise_on_missing_translations = true
  # Expected errors are answered as in production, others fail the spec.
  config.action_dispatch.show_exceptions = :rescuable
end
