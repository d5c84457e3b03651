# What request specs say often.
module Requests
  # The body of the last answer, with its keys as text.
  def body = response.parsed_body

  def post_json(path, body, headers: {})
    post path, params: body.to_json, headers: { "Content-Type" => "application/json", **headers }
  end

  # The fields that the last answer complains of.
  def wrong_fields = body.fetch("errors").pluck("field")
end
