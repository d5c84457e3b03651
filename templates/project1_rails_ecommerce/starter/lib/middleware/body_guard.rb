module Middleware
  # Stands before the routes and refuses bodies that can't be taken: too large, no JSON, no object, or with a NUL in it.
  class BodyGuard
    LIMIT = 1_048_576 # bytes

    def initialize(app)
      @app = app
    end

    def call(env)
      # TODO(m1.2): every request is let through so far, see docs/milestones/m1-foundations.md. `Problems::Error#to_rack`
      # is an answer.
      @app.call(env)
    end
  end
end
