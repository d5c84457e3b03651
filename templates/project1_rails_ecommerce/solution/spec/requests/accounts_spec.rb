require "rails_helper"

RSpec.describe "Accounts" do
  let(:user) { create(:user, first_name: "Ada", phone: "12345") }
  let(:session) { user.sessions.create! }
  let(:headers) { as(user, session:) }

  def change(**fields) = patch_json("/api/v1/users/me", fields, headers:)

  it "are read by their owners" do
    get "/api/v1/users/me", headers: headers
    expect(response).to have_http_status(:ok)
    expect(body).to include("id" => user.id, "first_name" => "Ada", "phone" => "12345", "role" => "customer")
    expect(response.body).not_to match(/password|digest/)
  end

  it "are changed by their owners" do
    change(first_name: " Grace ", last_name: "Hopper", phone: nil)
    expect(response).to have_http_status(:ok)
    expect(body).to include("first_name" => "Grace", "last_name" => "Hopper", "phone" => nil)
    expect(user.reload).to have_attributes(first_name: "Grace", last_name: "Hopper", phone: nil)
  end

  it "give nobody a role" do
    { role: "admin", active: true, email: "b@example.com", email_verified: true }.each do |name, value|
      change(name => value)
      expect(response).to have_http_status(:unprocessable_content)
      expect(wrong_fields).to eq([name.to_s])
    end
    change
    expect(response).to have_http_status(:unprocessable_content)
  end

  describe "with a new password" do
    it "are opened by it, and no longer by the old one; other sessions are over" do
      others = Array.new(2) { user.sessions.create! }
      stranger = create(:user).sessions.create!
      change(password: "better horse", current_password: "correct horse")
      expect(response).to have_http_status(:ok)
      expect([others.map { |other| other.reload.ended_at.present? }, session.reload.ended_at, stranger.reload.ended_at])
        .to eq([[true, true], nil, nil])
      expect(User.authenticate_by(email: user.email, password: "better horse")).to eq(user)
      expect(User.authenticate_by(email: user.email, password: "correct horse")).to be_nil
    end

    it "need the current one" do
      { { password: "better horse", current_password: "wrong horse" } => "current_password",
        { password: "better horse" } => "current_password", { current_password: "correct horse" } => "password",
        { password: "short", current_password: "correct horse" } => "password" }.each do |fields, wrong|
        change(**fields)
        expect(response).to have_http_status(:unprocessable_content)
        expect(wrong_fields).to eq([wrong])
      end
      expect(user.reload.authenticate("correct horse")).to eq(user)
    end

    it "keep their other sessions when nothing but a name changes" do
      other = user.sessions.create!
      change(first_name: "Grace")
      expect(other.reload.ended_at).to be_nil
    end
  end
end
