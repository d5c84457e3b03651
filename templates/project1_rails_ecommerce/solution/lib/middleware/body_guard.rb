require "stringio"
require_relative "../json_body"
require_relative "../problems"

module Middleware
  # Stands before the routes and reads each body once: one that is too large is refused here. What else is wrong with it
  # is found here, too, but answered by the operation, because it depends on that: some have no body, and what isn't
  # allowed is a 401 before a text in the body is a 422. Rails doesn't parse the body a second time.
  class BodyGuard
    LIMIT = 1_048_576 # bytes
    KEY = "shop.body".freeze

    def initialize(app)
      @app = app
    end

    def call(env)
      bytes = read(env)
      return refusal.to_rack unless bytes

      env["rack.input"] = StringIO.new(bytes)
      env[KEY] = JsonBody.new(bytes, env["CONTENT_TYPE"])
      env["action_dispatch.request.request_parameters"] = {}
      @app.call(env)
    end

    private

    # The body's bytes, or nil if there are too many. They are counted: Content-Length may be missing or wrong.
    def read(env)
      bytes = env["rack.input"]&.read(LIMIT + 1) || ""
      bytes if bytes.bytesize <= LIMIT
    end

    def refusal = Problems::Error.new(413, "A body may have #{LIMIT} bytes at most.")
  end
end
