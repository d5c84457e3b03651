require "rails_helper"

RSpec.describe "db/seeds" do
  # Wrapped in a module of its own: its helpers are not to become everybody's methods.
  def seed = load(Rails.root.join("db/seeds.rb").to_s, true)

  def counts = [User, Category, Product, Order, Review].map(&:count)

  it "fills a shop, and a second time changes nothing" do
    allow(Rails.env).to receive(:development?).and_return(true)
    seed
    expect(counts).to eq([3, 6, 8, 1, 1])
    expect { seed }.not_to(change { counts })
  end

  it "leaves every other environment alone: the passwords are known" do
    expect { expect { seed }.to raise_error(SystemExit) }.to output(/only in development/).to_stderr
    expect(counts).to all(be_zero)
  end
end
