require "rails_helper"
require "mail" # Action Mailer would load it, but not before somebody uses it
require "mail_to_log"

RSpec.describe MailToLog do
  it "writes recipient and subject into the log, and not the text" do
    allow(Rails.logger).to receive(:info)
    described_class.new({}).deliver!(Mail.new(to: "ada@example.com", subject: "Hello", body: "private"))
    expect(Rails.logger).to have_received(:info).with({ message: "mail to ada@example.com: Hello" })
  end
end
