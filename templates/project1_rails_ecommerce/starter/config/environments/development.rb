# On a developer's machine: code is loaded anew when it changes.
Rails.application.configure do
  config.enable_reloading = true
  config.eager_load = false
  config.hosts.clear
  config.active_record.migration_error = :page_load
  config.active_record.verbose_query_logs = true
end
