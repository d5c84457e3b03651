require "securerandom"

module Observability
  # The id that ties together everything that one request causes, jobs included.
  module RequestId
    HEADER = "X-Request-Id".freeze
    # Nothing that could forge a log line or a header gets in.
    ACCEPTED = /\A[A-Za-z0-9._-]{1,64}\z/

    class << self
      # The id of what this thread works on, or nil.
      def current = Thread.current[:request_id]

      # Makes `given` the current id if it is acceptable, else a new one, until the block ends; yields the id.
      def with(given)
        before = current
        id = given&.match?(ACCEPTED) ? given : SecureRandom.hex(16)
        Thread.current[:request_id] = id
        yield id
      ensure
        Thread.current[:request_id] = before # threads are used again
      end
    end
  end
end
