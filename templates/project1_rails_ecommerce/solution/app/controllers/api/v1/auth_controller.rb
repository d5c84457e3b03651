module Api
  module V1
    # Sessions and their tokens.
    class AuthController < BaseController
      allow_anonymous only: %i[register login refresh]
      ignore_body only: :logout

      def register
        user = User.new(fields(RegistrationForm))
        session = User.transaction do
          user.update!(last_login_at: Time.current)
          user.sessions.create!
        end
        render_tokens session, status: :created
      rescue ActiveRecord::RecordNotUnique # the database decides, also between two at the same moment
        raise Problems::Conflict.new("The email is taken.", fields: { email: "is taken" })
      end

      def login
        credentials = fields(LoginForm)
        email = User.normalize_value_for(:email, credentials[:email])
        limit = LoginLimit.new(email)
        limit.take
        session = Login.call(email, credentials[:password])
        # Unknown, wrong and inactive are one answer: which it was is nobody's business.
        raise Problems::Unauthorized, "Email or password is wrong." unless session

        limit.give_back
        render_tokens session
      end

      def refresh
        text = fields(RefreshForm).fetch(:refresh_token)
        tokens = RefreshToken.transaction { (session = RefreshToken.use(text)) && [session, session.tokens] }
        raise Problems::Unauthorized, "The refresh token is not valid." unless tokens

        render_session(*tokens)
      end

      def logout
        Current.session.end!
        head :no_content
      end

      private

      def render_tokens(session, status: :ok) = render_session(session, session.tokens, status:)

      def render_session(session, tokens, status: :ok)
        render status:, json: { **tokens, token_type: "Bearer", expires_in: AccessToken::LIFE_SECONDS,
                                          user: UserSerializer.new(session.user).as_json }
      end
    end
  end
end
