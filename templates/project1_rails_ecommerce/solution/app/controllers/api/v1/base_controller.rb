module Api
  module V1
    # Every controller of the API. Whoever asks must be known, unless an action says that it is open.
    class BaseController < ApplicationController
      # Parameters and bodies that can't be read are a 4xx before anything else is looked at.
      before_action :params
      before_action :require_readable_body
      before_action :require_user

      # For the actions that anybody may use: allow_anonymous only: %i[index show]
      def self.allow_anonymous(**) = skip_before_action(:require_user, **)

      # For the actions that have no body; whatever is sent as one is ignored.
      def self.ignore_body(**) = skip_before_action(:require_readable_body, **)

      private

      def require_user
        claims = AccessToken.new(Settings.current.secret_key).verify(bearer_token)
        Current.session = Session.standing(claims.session_id, claims.user_id)
        raise Problems::Unauthorized, "The session has ended." unless Current.session
      rescue AccessToken::Invalid => e
        raise Problems::Unauthorized, e.message
      end

      def bearer_token
        scheme, token = request.authorization.to_s.split(" ", 2)
        raise Problems::Unauthorized, "A bearer token is needed." unless scheme&.casecmp?("bearer") && token.present?

        token
      end

      def require_readable_body = (json_body.readable! unless request.get? || request.delete?)

      def json_body = request.get_header(Middleware::BodyGuard::KEY)

      # The fields of the body, by the rules of a form.
      def fields(form, **) = form.read(json_body.object, **)

      # What a policy answered: authorize ProductPolicy.new(Current.user).create?
      def authorize(allowed)
        raise Problems::Forbidden, "Your role doesn't allow this." unless allowed
      end

      def render_page(page, serializer) = render(json: page_json(page, serializer))

      def page_json(page, serializer)
        { items: page.records.map { |record| serializer.new(record).as_json },
          page: page.number, per_page: page.size, total: page.total }
      end

      # Answers from the cache where it can, and with a 304 to whoever has this very page already. The block makes the page.
      def render_cached(*key, &)
        page = Catalogue.page(*key, &)
        response.set_header("ETag", page.etag)
        response.set_header("Cache-Control", "no-cache")
        return head(:not_modified) if page.known_to?(request.get_header("HTTP_IF_NONE_MATCH"))

        render json: page.body
      end
    end
  end
end
