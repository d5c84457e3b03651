require_relative "error"

module Problems
  # Answers what no controller has rescued: unknown paths, wrong methods, bodies that can't be parsed, and our own bugs.
  # Rails calls it with the exception in the environment. No backtrace leaves the process; it is in the log.
  class ExceptionsApp
    METHODS = %w[GET POST PUT PATCH DELETE].freeze
    DETAILS = { 400 => "The request can't be read.", 404 => "There is nothing at this path.",
                405 => "This path doesn't take this method." }.freeze
    UNROUTED = [ActionController::RoutingError, ActionController::UnknownHttpMethod].freeze

    def call(env)
      exception = env["action_dispatch.exception"]
      return exception.to_rack if exception.is_a?(Error)

      return unrouted(env["action_dispatch.original_path"]) if UNROUTED.any? { |kind| exception.is_a?(kind) }

      status = ActionDispatch::ExceptionWrapper.status_code_for_exception(exception.class.name)
      Error.new(status, detail(status, exception)).to_rack
    end

    private

    def detail(status, exception)
      return "The body is not valid JSON." if exception.is_a?(ActionDispatch::Http::Parameters::ParseError)

      DETAILS.fetch(status) { status < 500 ? "The request was refused." : "Something went wrong here; the log knows what." }
    end

    # Rails finds no route for a known path with another method, and doesn't tell the two apart.
    def unrouted(path)
      allowed = METHODS.select { |method| recognized?(path, method) }
      return NotFound.new.to_rack if allowed.empty?

      Error.new(405, DETAILS[405], headers: { "allow" => allowed.join(", ") }).to_rack
    end

    def recognized?(path, method)
      Rails.application.routes.recognize_path(path, method:)
    rescue ActionController::RoutingError
      false
    end
  end
end
