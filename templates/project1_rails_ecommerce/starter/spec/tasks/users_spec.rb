require "rails_helper"
require "rake"

RSpec.describe "bin/rails users:create" do
  before { Rails.application.load_tasks unless Rake::Task.task_defined?("users:create") }

  def run(**variables)
    before = ENV.to_h
    ENV.update(variables.transform_keys(&:to_s))
    Rake::Task["users:create"].execute
  ensure
    ENV.replace(before)
  end

  it "makes the first admin" do
    run(EMAIL: " Admin@Example.com ", PASSWORD: "correct horse", ROLE: "admin")
    expect(User.find_by(email: "admin@example.com")).to have_attributes(role: "admin", active: true, email_verified: true)
  end

  it "gives somebody who is there already the role and the password" do
    user = create(:user, :inactive, first_name: "Grace")
    run(EMAIL: user.email, PASSWORD: "another horse", ROLE: "vendor")
    expect(user.reload).to have_attributes(role: "vendor", active: true, first_name: "Grace")
    expect(user.authenticate("another horse")).to be_truthy
  end

  it "ends with one line when something is missing or wrong" do
    expect { run(EMAIL: "a@example.com", PASSWORD: "correct horse", ROLE: "") }
      .to raise_error(SystemExit).and output("users:create: set ROLE\n").to_stderr
    expect { run(EMAIL: "a@example.com", PASSWORD: "correct horse", ROLE: "owner") }
      .to raise_error(SystemExit).and output(/\Ausers:create: .*Role.*\n\z/).to_stderr
    expect(User.count).to eq(0)
  end
end
