require "rails_helper"

RSpec.describe "Sessions" do
  let(:registration) do
    { email: " Ada@Example.COM ", password: "correct horse", first_name: " Ada ", last_name: "Example", phone: "+49 30 123" }
  end

  def register(**changes) = post_json("/api/v1/auth/register", registration.merge(changes))

  def log_in(email: "ada@example.com", password: "correct horse")
    post_json "/api/v1/auth/login", { email:, password: }
  end

  def refresh(token)
    post_json "/api/v1/auth/refresh", { refresh_token: token }
    response.status
  end

  # What the API says to an access token.
  def me(token)
    get "/api/v1/users/me", headers: { "Authorization" => "Bearer #{token}" }
    response.status
  end

  describe "signing up" do
    it "opens a session for a normalised email" do
      freeze_time
      register
      expect(response).to have_http_status(:created)
      now = Time.current.iso8601(6)
      expect(body["user"]).to eq(
        "id" => User.last.id, "email" => "ada@example.com", "first_name" => "Ada", "last_name" => "Example",
        "phone" => "+49 30 123", "role" => "customer", "email_verified" => false, "active" => true,
        "last_login_at" => now, "created_at" => now, "updated_at" => now
      )
      expect(body.except("user", "access_token", "refresh_token")).to eq("token_type" => "Bearer", "expires_in" => 900)
      expect(me(body["access_token"])).to eq(200)
    end

    it "takes an email once, however it is spelled" do
      register
      register(email: "ADA@example.com")
      expect(response).to have_http_status(:conflict)
      expect(body["errors"]).to eq([{ "field" => "email", "message" => "is taken" }])
      expect(User.count).to eq(1)
    end

    it "names what is wrong, and stores nothing" do
      { { password: "1234567" } => ["password"], { password: "ä" * 37 } => ["password"],
        { password: "x" * 73 } => ["password"],
        { first_name: " " } => ["first_name"], { last_name: "x" * 101 } => ["last_name"], { role: "admin" } => ["role"],
        { email: "ada" } => ["email"], { email: "a@b@c" } => ["email"], { phone: "call me" } => ["phone"],
        { phone: "12" } => ["phone"], { email: nil, password: 12_345_678 } => %w[email password],
        { active: true, email_verified: true } => %w[active email_verified] }.each do |changes, fields|
        register(**changes)
        expect(response).to have_http_status(:unprocessable_content)
        expect(wrong_fields).to match_array(fields)
      end
      expect(User.count).to eq(0)
    end

    it "takes the longest password that bcrypt reads" do
      register(password: "ä" * 36)
      expect(response).to have_http_status(:created)
    end

    it "needs everything but a telephone" do
      post_json "/api/v1/auth/register", {}
      expect(wrong_fields).to match_array(%w[email password first_name last_name])
      post_json "/api/v1/auth/register", registration.merge(phone: nil)
      expect(response).to have_http_status(:created)
    end
  end

  describe "logging in" do
    before { create(:user, email: "ada@example.com", created_at: 2.days.ago, updated_at: 2.days.ago) }

    it "opens another session each time" do
      freeze_time
      tokens = Array.new(2) do
        log_in(email: " ADA@example.com ")
        expect(response).to have_http_status(:ok)
        JWT.decode(body["access_token"], nil, false).first
      end
      expect(tokens.pluck("sid").uniq.size).to eq(2)
      expect(tokens.first).to include("sub" => User.last.id.to_s, "role" => "customer", "exp" => Time.current.to_i + 900)
      expect(body["user"]).to include("email" => "ada@example.com", "last_login_at" => Time.current.iso8601(6))
    end

    it "answers word for word the same to whatever is wrong" do
      create(:user, :inactive, email: "gone@example.com")
      attempts = [%w[ada@example.com wrong], ["nobody@example.com", "correct horse"], ["gone@example.com", "correct horse"]]
      answers = attempts.map do |email, password|
        log_in(email:, password:)
        expect(response).to have_http_status(:unauthorized)
        body.except("request_id")
      end
      expect(answers.uniq.size).to eq(1)
      expect(answers.first["detail"]).to eq("Email or password is wrong.")
      expect(Session.count).to eq(0)
    end

    it "computes a digest for an unknown email, too" do
      allow(BCrypt::Password).to receive(:create).and_call_original
      log_in(email: "nobody@example.com")
      expect(BCrypt::Password).to have_received(:create).once
    end

    it "is refused after five failures for an email, in whatever spelling, also with the right password" do
      5.times { log_in(password: "wrong") }
      expect(response).to have_http_status(:unauthorized)
      log_in(email: "ADA@example.com")
      expect(response).to have_http_status(:too_many_requests)
      expect(response.headers["Retry-After"].to_i).to be_between(1, 60)
      log_in(email: "grace@example.com")
      expect(response).to have_http_status(:unauthorized)
    end

    it "may succeed as often as one likes, which forgives no failure" do
      6.times { log_in }
      expect(response).to have_http_status(:ok)
      4.times { log_in(password: "wrong") }
      log_in
      log_in(password: "wrong")
      expect(response).to have_http_status(:unauthorized)
      log_in
      expect(response).to have_http_status(:too_many_requests)
    end

    it "takes no password that was changed, and no user who was deactivated, while it was compared" do
      user = User.last
      [{ active: false }, { password: "another horse" }].each do |change|
        allow(User).to receive(:authenticate_by).and_wrap_original do |original, **given|
          original.call(**given).tap { User.find(user.id).update!(change) }
        end
        log_in
        expect(response).to have_http_status(:unauthorized)
      end
      expect(Session.count).to eq(0)
    end

    it "names missing fields" do
      post_json "/api/v1/auth/login", { email: "", remember: true }
      expect(wrong_fields).to match_array(%w[email password remember])
    end
  end

  describe "the access token" do
    let(:user) { create(:user) }
    let(:session) { user.sessions.create! }

    def answer(header)
      get "/api/v1/users/me", headers: { "Authorization" => header }.compact
      [response.status, response.headers["WWW-Authenticate"], body["detail"]]
    end

    it "is wanted, as a bearer" do
      [nil, "", "Bearer", "Bearer ", "Basic YTpi", "Token #{session.tokens[:access_token]}"].each do |header|
        expect(answer(header)).to eq([401, "Bearer", "A bearer token is needed."])
      end
      expect(answer("Bearer nonsense")).to eq([401, "Bearer", "The token is not valid."])
      expect(answer("bearer #{session.tokens[:access_token]}").first).to eq(200)
    end

    it "is of a session that goes on, and of its user, who is active" do
      token = session.tokens[:access_token]
      expect(me(token)).to eq(200)
      of_another = AccessToken.new(Settings.current.secret_key)
                              .issue(user_id: create(:user).id, session_id: session.id, role: "admin")
      expect(me(of_another)).to eq(401)
      user.update!(active: false)
      expect(me(token)).to eq(401)
      user.update!(active: true)
      session.end!
      expect(answer("Bearer #{token}")).to eq([401, "Bearer", "The session has ended."])
    end

    it "is refused after its time" do
      token = session.tokens[:access_token]
      travel 901.seconds
      expect(answer("Bearer #{token}")).to eq([401, "Bearer", "The token has expired."])
    end

    it "costs one statement" do
      header = as(user, session:)
      expect(statements_of { get "/api/v1/users/me", headers: header }.size).to eq(1)
    end
  end

  describe "refreshing" do
    let(:user) { create(:user) }
    let(:session) { user.sessions.create! }

    it "gives a new pair for the same session" do
      first = session.tokens
      expect(refresh(first[:refresh_token])).to eq(200)
      expect(body["refresh_token"]).not_to eq(first[:refresh_token])
      expect(JWT.decode(body["access_token"], nil, false).first["sid"]).to eq(session.id.to_s)
      expect(body["user"]["id"]).to eq(user.id)
      second = body
      expect([me(first[:access_token]), me(second["access_token"])]).to eq([200, 200])
    end

    it "ends the session, and no other, when a token comes again" do
      other = user.sessions.create!.tokens
      first = session.tokens
      refresh(first[:refresh_token])
      second = body
      expect(refresh(first[:refresh_token])).to eq(401)
      expect(refresh(second["refresh_token"])).to eq(401)
      expect([me(first[:access_token]), me(second["access_token"]), me(other[:access_token])]).to eq([401, 401, 200])
    end

    it "works for 14 days" do
      freeze_time
      tokens = Array.new(2) { session.tokens[:refresh_token] }
      travel 14.days - 1.second
      expect(refresh(tokens.first)).to eq(200)
      travel 1.second
      expect(refresh(tokens.last)).to eq(401)
    end

    it "says the same to a token that is unknown, of an ended session, or of somebody inactive" do
      ended = user.sessions.create!
      tokens = ["unknown", ended.tokens[:refresh_token], session.tokens[:refresh_token]]
      ended.end!
      user.update!(active: false)
      answers = tokens.map do |token|
        expect(refresh(token)).to eq(401)
        body.except("request_id")
      end
      expect(answers.uniq.size).to eq(1)
    end

    it "stores digests only" do
      text = session.tokens[:refresh_token]
      expect(text.length).to be >= 43
      expect(RefreshToken.last.digest).to eq(Digest::SHA256.hexdigest(text))
    end
  end

  describe "logging out" do
    it "ends this session, and no other" do
      user = create(:user)
      tokens, others = Array.new(2) { user.sessions.create!.tokens }
      post "/api/v1/auth/logout", headers: { "Authorization" => "Bearer #{tokens[:access_token]}" }
      expect(response).to have_http_status(:no_content)
      expect([me(tokens[:access_token]), refresh(tokens[:refresh_token])]).to eq([401, 401])
      expect([me(others[:access_token]), refresh(others[:refresh_token])]).to eq([200, 200])
    end
  end

  it "leave no password and no token in the log" do
    log = StringIO.new
    allow(Rails).to receive(:logger).and_return(Observability.logger(log))
    ActiveRecord::Base.logger = Rails.logger
    register
    tokens = body.values_at("access_token", "refresh_token")
    log_in
    log_in(password: "wrong horse")
    refresh(tokens.last)
    refresh(tokens.last)
    secrets = ["correct horse", "wrong horse", *tokens, Digest::SHA256.hexdigest(tokens.last)]
    expect(log.string).to include("POST /api/v1/auth/login 401").and include("INSERT INTO")
    expect(secrets.select { |secret| log.string.include?(secret) }).to eq([])
  ensure
    ActiveRecord::Base.logger = nil
  end

  describe "at the same moment" do
    self.use_transactional_tests = false
    after { empty_tables }

    it "are opened by one of ten sign-ups with one email" do
      answers = at_once(10) do
        client = ActionDispatch::Integration::Session.new(Rails.application)
        client.post("/api/v1/auth/register", params: registration.to_json, headers: { "Content-Type" => "application/json" })
      end
      expect(answers.tally).to eq(201 => 1, 409 => 9)
      expect(User.count).to eq(1)
    end

    it "are refreshed once at most, and over then" do
      session = create(:user).sessions.create!
      text = session.tokens[:refresh_token]
      answers = at_once(6) { RefreshToken.transaction { RefreshToken.use(text) } }
      expect(answers.compact.size).to be <= 1
      expect(session.reload.ended_at).to be_present
    end
  end
end
