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
    user = create(:user)
    expect { described_class.connection.execute("UPDATE users SET email = 'Ada@example.com' WHERE id = #{user.id}") }
      .to raise_error(ActiveRecord::StatementInvalid, /users_email_normalised/)
  end

  it "has an email in lower case without white space around it, wherever it comes from" do
    expect(build(:user, email: "\u00a0 Ada@Example.COM\n").email).to eq("ada@example.com")
  end

  it "needs an email, names, and a password of 8 characters" do
    expect(build(:user, password: "12345678")).to be_valid
    expect(build(:user, password: "1234567")).not_to be_valid
    expect(build(:user, email: "nobody")).not_to be_valid
    expect(build(:user, first_name: " ")).not_to be_valid
    expect(build(:user, last_name: "x" * 101)).not_to be_valid
  end

  it "keeps products as a vendor and as an admin" do
    expect(%i[vendor admin].map { |role| build(:user, role).sells? }).to eq([true, true])
    expect(build(:user).sells?).to be(false)
  end
end
