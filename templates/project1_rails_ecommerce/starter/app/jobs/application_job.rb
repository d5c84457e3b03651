# Work that nobody waits for. A job may run twice: after a restart, or because Redis delivered it again.
class ApplicationJob < ActiveJob::Base
  # What a job was about may be gone by the time it runs.
  discard_on ActiveJob::DeserializationError
end
