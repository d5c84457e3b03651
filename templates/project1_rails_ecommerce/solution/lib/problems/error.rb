require "json"
require "rack"
require_relative "../observability/request_id"

module Problems
  MEDIA_TYPE = "application/problem+json".freeze

  # Raise one of these anywhere below a controller, and it becomes the answer.
  class Error < StandardError
    attr_reader :status, :detail, :errors, :headers

    # `errors` is a list of {field:, message:}.
    def initialize(status, detail, errors: nil, headers: {})
      super(detail)
      @status = status
      @detail = detail
      @errors = errors
      @headers = headers
    end

    def title = Rack::Utils::HTTP_STATUS_CODES.fetch(status)

    def body
      { type: "about:blank", title:, status:, detail:, errors:, request_id: Observability::RequestId.current }.compact
    end

    # The answer as a Rack application gives it.
    def to_rack = [status, { "content-type" => MEDIA_TYPE, **headers }, [JSON.generate(body)]]
  end

  # Nothing there, or nothing for you.
  class NotFound < Error
    def initialize(detail = "There is nothing at this path.") = super(404, detail)
  end

  # Nobody we know; `scheme` says what would be believed.
  class Unauthorized < Error
    def initialize(detail, scheme: "Bearer") = super(401, detail, headers: { "www-authenticate" => scheme })
  end

  # Known, but not allowed.
  class Forbidden < Error
    def initialize(detail) = super(403, detail)
  end

  # It can't be done in the present state; `fields` as for Invalid.
  class Conflict < Error
    def initialize(detail, fields: nil, headers: {})
      super(409, detail, errors: fields && Invalid.list(fields), headers:)
    end
  end

  # Every wrong field is named: {"price" => ["must be at least 0.01"]}.
  class Invalid < Error
    def self.list(fields)
      fields.flat_map { |field, messages| Array(messages).map { |message| { field: field.to_s, message: } } }
    end

    def initialize(fields)
      errors = self.class.list(fields)
      super(422, errors.one? ? "One field is not valid." : "#{errors.size} fields are not valid.", errors:)
    end
  end
end
