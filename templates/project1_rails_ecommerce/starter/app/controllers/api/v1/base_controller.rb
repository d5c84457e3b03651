module Api
  module V1
    # Every controller of the API. Whoever asks must be known, unless an action says that it is open.
    class BaseController < ApplicationController
      # The page of each milestone's document, for stubs to name.
      PAGES = { "m2" => "m2-users-and-auth", "m3" => "m3-catalogue", "m4" => "m4-cart-and-orders", "m5" => "m5-inventory",
                "m6" => "m6-payments" }.freeze

      # Parameters that can't be read are a 400 before anything else is looked at.
      before_action :params
      before_action :require_user

      # For the actions that anybody may use: allow_anonymous only: %i[index show]
      def self.allow_anonymous(**) = skip_before_action(:require_user, **)

      private

      # TODO(m2.2): read `Authorization: Bearer …`, verify the token, and set Current.user; see
      # docs/milestones/m2-users-and-auth.md. Until then nobody gets in: a guard that fails must fail closed.
      def require_user = not_built_yet("m2.2")

      def not_built_yet(task)
        raise Problems::NotBuiltYet.new(task, PAGES.fetch(task.partition(".").first))
      end

      def render_page(page, serializer)
        render json: { items: page.records.map { |record| serializer.new(record).as_json },
                       page: page.number, per_page: page.size, total: page.total }
      end
    end
  end
end
