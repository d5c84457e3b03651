require "rails_helper"
require "sidekiq/api"

RSpec.describe "config/initializers/sidekiq" do
  let(:config) { Sidekiq::Config.new }
  let(:cli) { Class.new }

  # As in a worker, which is what has a Sidekiq::CLI; the configuration of this process stays as it is.
  before do
    config[:lifecycle_events] = config[:lifecycle_events].transform_values { [] } # every new Config shares its lists
    stub_const("Sidekiq::CLI", cli)
    allow(Sidekiq).to receive_messages(server?: true, default_configuration: config)
    load Rails.root.join("config/initializers/sidekiq.rb").to_s
  end

  def fire(event) = config[:lifecycle_events].fetch(event).each(&:call)

  it "measures jobs, and hands on the id of the request that caused them" do
    expect(config.server_middleware.map(&:klass)).to eq [JobRequestId::Server, JobMetrics]
    expect(config.client_middleware.map(&:klass)).to include(JobRequestId::Client)
  end

  it "looks for second tries every two seconds" do
    expect(config[:poll_interval_average]).to eq 2
  end

  it "says everything through the logger, since each line is to be JSON" do
    allow(Rails.logger).to receive(:info)
    cli.new.send(:puts, "no signal INFO")
    expect(config.logger).to be Rails.logger
    expect(Rails.logger).to have_received(:info).with("no signal INFO")
  end

  it "serves health and metrics while the worker runs" do
    server = instance_double(OperationsServer, stop: nil)
    allow(OperationsServer).to receive(:start).with("worker", Settings.current.port).and_return(server)
    fire(:startup)
    fire(:shutdown)
    expect(server).to have_received(:stop)
  end

  it "gives out the chores with each beat" do
    allow(Chores).to receive(:enqueue)
    fire(:beat)
    expect(Chores).to have_received(:enqueue)
  end
end
