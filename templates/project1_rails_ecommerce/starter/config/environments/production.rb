# In every deployment, staging included; what differs between them is in environment variables.
Rails.application.configure do
  config.enable_reloading = false
  config.eager_load = true
  config.i18n.fallbacks = true
  config.active_support.report_deprecations = false
  config.active_record.dump_schema_after_migration = false
  # Names of columns instead of their values, in what the console shows.
  config.active_record.attributes_for_inspect = [:id]
end
