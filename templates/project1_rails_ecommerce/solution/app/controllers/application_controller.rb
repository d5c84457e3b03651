# What all controllers share: errors become problem+json.
class ApplicationController < ActionController::API
  # Bodies are read as they came, see Middleware::BodyGuard.
  wrap_parameters false

  rescue_from Problems::Error, with: :render_problem
  rescue_from ActiveRecord::RecordNotFound do |error|
    render_problem Problems::NotFound.new("There is no #{error.model&.underscore&.humanize(capitalize: false)} #{error.id}.")
  end
  rescue_from(Order::IllegalChange) { |error| render_problem Problems::Conflict.new(error.message) }

  private

  def render_problem(problem)
    problem.headers.each { |name, value| response.set_header(name, value) }
    render json: problem.body, status: problem.status, content_type: Problems::MEDIA_TYPE
  end
end
