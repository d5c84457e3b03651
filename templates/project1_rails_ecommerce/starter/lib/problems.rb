# Errors as RFC 9457 problem+json, for controllers, middleware and whatever goes wrong between them.
require "action_controller"
require_relative "problems/error"
require_relative "problems/exceptions_app"
