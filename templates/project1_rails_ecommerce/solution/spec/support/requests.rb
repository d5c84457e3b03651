# What request specs say often. Every answer is held to the contract by itself, errors included.
module Requests
  # The body of the last answer, with its keys as text.
  def body = response.parsed_body

  # The fields that the last answer complains of.
  def wrong_fields = body.fetch("errors").pluck("field")

  # The header of somebody who has just logged in.
  def as(user, session: user.sessions.create!)
    { "Authorization" => "Bearer #{session.tokens.fetch(:access_token)}" }
  end

  %i[get post patch put delete process].each do |verb|
    define_method(verb) do |*arguments, **options|
      super(*arguments, **options).tap { expect(response).to conform_to_contract }
    end
  end

  %i[post patch].each do |verb|
    define_method(:"#{verb}_json") do |path, body, headers: {}|
      public_send(verb, path, params: body.to_json, headers: { "Content-Type" => "application/json", **headers })
    end
  end
end
