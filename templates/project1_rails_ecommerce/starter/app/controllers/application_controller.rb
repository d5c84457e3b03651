# What all controllers share: errors become problem+json.
class ApplicationController < ActionController::API
  rescue_from Problems::Error, with: :render_problem
  rescue_from ActiveRecord::RecordNotFound do |error|
    render_problem Problems::NotFound.new("There is no #{error.model&.underscore&.humanize(capitalize: false)} #{error.id}.")
  end

  private

  def render_problem(problem)
    problem.headers.each { |name, value| response.set_header(name, value) }
    render json: problem.body, status: problem.status, content_type: Problems::MEDIA_TYPE
  end
end
