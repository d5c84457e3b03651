require "rails_helper"

RSpec.describe User do
  it "keeps a digest instead of the password" do
    user = create(:user, password: "correct horse")
    expect(user.password_digest).to start_with("$2a$")
    expect(user.authenticate("correct horse")).to eq(user)
    expect(user.authenticate("wrong horse")).to be(false)
  end

  it "is a customer unless it is said otherwise" do
    expect(described_class.new.role).to eq("customer")
  end

  it "has one of three roles" do
    expect(build(:user, role: "owner")).not_to be_valid
  end

  it "has a first and a last name" do
    expect(build(:user, first_name: "Vera", last_name: "Vendor").name).to eq("Vera Vendor")
  end

  it "can't be stored with an email that isn't normalised, whatever the code forgets" do
    expect { build(:user, email: "Ada@example.com").save!(validate: false) }
      .to raise_error(ActiveRecord::StatementInvalid, /users_email_normalised/)
  end
end
