require "rails_helper"

RSpec.describe "config/initializers/mail" do
  let(:mailer) { Rails.application.config.action_mailer }

  around do |example|
    ActionMailer::Base.delivery_methods # loaded now, or it would be with what an example sets
    before = mailer.to_h
    example.run
  ensure
    mailer.replace(before)
  end

  def initialized(smtp_url)
    allow(Rails.env).to receive(:test?).and_return(false)
    allow(Settings.current).to receive(:smtp_url).and_return(smtp_url)
    load Rails.root.join("config/initializers/mail.rb").to_s
  end

  it "sends to the server that SMTP_URL names, and gives up on one that hangs" do
    initialized("smtp://shop:secret@mail.example.com:2525")
    expect(mailer.delivery_method).to eq :smtp
    expect(mailer.smtp_settings).to include(address: "mail.example.com", port: 2525, user_name: "shop",
                                            password: "secret", open_timeout: 5, read_timeout: 5)
  end

  it "takes the ordinary port, and no user, where none is named" do
    initialized("smtp://mail.example.com")
    expect(mailer.smtp_settings).to include(port: 25)
    expect(mailer.smtp_settings.keys).not_to include(:user_name, :password)
  end

  it "writes mails to the log without a server" do
    initialized(nil)
    expect(mailer.delivery_method).to eq :log
    expect(ActionMailer::Base.delivery_methods[:log]).to eq MailToLog
  end
end
