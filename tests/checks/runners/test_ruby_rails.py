"""A tiny Rails application with PostgreSQL, through the whole runner."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks import sandbox
from checks.evidence import scaffold, source, strength
from checks.runners import base
from checks.runners.processes import boot
from checks.runners.ruby import RubyRunner
from checks.services.base import started
from tests.checks.runners.workshop import Workshop, session
from tests.support.ruby import ruby_on_the_path

LOCK = """GEM
  remote: https://rubygems.org/
  specs:
    bootsnap (1.18.6)
    pg (1.6.2)
    puma (7.1.0)
    rails (8.1.1)
    rspec-rails (8.0.2)
    simplecov (0.22.0)

PLATFORMS
  ruby

DEPENDENCIES
  bootsnap
  pg
  puma
  rails (~> 8.1)
  rspec-rails
  simplecov
"""
APP: dict[str, str | bytes] = {
    "Gemfile": """source "https://rubygems.org"
ruby "3.4.9"
gem "rails", "~> 8.1"
gem "pg"
gem "puma"
gem "bootsnap", require: false
group :test do
  gem "rspec-rails"
  gem "simplecov", require: false
end
""",
    "Gemfile.lock": LOCK,
    ".rspec": "--require spec_helper\n--tag ~slow\n",
    "Procfile": "release: bin/rails db:prepare\nweb: bundle exec puma -b tcp://127.0.0.1:$PORT config.ru\n",
    "Rakefile": 'require_relative "config/application"\nRails.application.load_tasks\n',
    "config.ru": 'require_relative "config/environment"\nrun Rails.application\n',
    "bin/rails": '#!/usr/bin/env ruby\nAPP_PATH = File.expand_path("../config/application", __dir__)\n'
    'require_relative "../config/boot"\nrequire "rails/commands"\n',
    "config/boot.rb": 'ENV["BUNDLE_GEMFILE"] ||= File.expand_path("../Gemfile", __dir__)\n'
    'require "bundler/setup"\nrequire "bootsnap/setup"\n',
    "config/application.rb": """require_relative "boot"
require "rails"
require "active_record/railtie"
require "action_controller/railtie"
Bundler.require(*Rails.groups)
class Shop < Rails::Application
  config.load_defaults 7.2
  config.api_only = true
  config.eager_load = Rails.env.production?
  config.hosts.clear
end
""",
    "config/environment.rb": 'require_relative "application"\nRails.application.initialize!\n',
    "config/database.yml": "default: &default\n  adapter: postgresql\ntest:\n  <<: *default\n  database: shop_test\n"
    "production:\n  <<: *default\n",
    "config/routes.rb": 'Rails.application.routes.draw { get "/readyz", to: "items#index" }\n',
    "db/schema.rb": 'ActiveRecord::Schema[7.2].define(version: 2024_01_01_000000) do\n  create_table "items" do |t|\n'
    '    t.string "name", null: false\n    t.integer "price", null: false\n  end\nend\n',
    "db/migrate/20240101000000_create_items.rb": "class CreateItems < ActiveRecord::Migration[7.2]\n  def change\n"
    "    create_table(:items) do |t|\n      t.string :name, null: false\n      t.integer :price, null: false\n"
    "    end\n  end\nend\n",
    "app/controllers/items_controller.rb": "class ItemsController < ActionController::API\n  def index\n"
    "    render json: Item.cheap\n  end\nend\n",
    "app/models/item.rb": """class Item < ApplicationRecord
  LIMIT = 100
  validates :price, numericality: { greater_than: 0 }
  scope :cheap, -> { where(price: ...LIMIT) }

  def discounted(percent)
    return price if percent < 10
    price - price * percent / 100
  end
end
""",
    "app/models/application_record.rb": "class ApplicationRecord < ActiveRecord::Base\n  primary_abstract_class\nend\n",
    "app/models/unused.rb": "class Unused\n  def call\n    1\n  end\nend\n",
    "spec/spec_helper.rb": 'require "simplecov"\nSimpleCov.start("rails") { add_filter "app/models"; minimum_coverage 100 }\n',
    "spec/rails_helper.rb": 'require_relative "../config/environment"\nrequire "rspec/rails"\n'
    "ActiveRecord::Migration.maintain_test_schema!\nRSpec.configure { |c| c.use_transactional_fixtures = true }\n",
    "spec/models/item_spec.rb": """require "rails_helper"
RSpec.describe Item do
  it "gives a discount" do
    item = Item.create!(name: "a", price: 200)
    expect([item.discounted(9), item.discounted(10), item.discounted(50)]).to eq [200, 180, 100]
  end
  it "knows what is cheap" do
    [99, 100, 101].each { |price| Item.create!(name: "b", price:) }
    expect(Item.cheap.pluck(:price)).to eq [99]
  end
  it("refuses a price of nothing") { expect(Item.new(name: "c", price: 0)).not_to be_valid }
end
""",
    "spec/requests/items_spec.rb": """require "rails_helper"
RSpec.describe "items", type: :request do
  it "lists the cheap ones", :slow do
    Item.create!(name: "a", price: 1)
    get "/readyz"
    expect(response.parsed_body.map { |item| item["name"] }).to eq ["a"]
  end
end
""",
}

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def ruby() -> Iterator[None]:
    with ruby_on_the_path():
        yield


def test_a_rails_suite_runs_on_a_throwaway_database_and_notices_planted_bugs(workshop: Workshop) -> None:
    found = workshop.run(APP, stack=("ruby",), services=("postgresql",))
    assert found.complete, found.results
    assert (found.summary.passed, found.summary.failed, found.summary.errors) == (4, 0, 0)
    assert found.results[0].ignored_options == "--tag '~slow'"
    assert found.lines["app/models/item.rb"] == frozenset({1, 2, 3, 4, 6, 7, 8})
    assert "app/models/unused.rb" not in found.lines
    assert any("Ruby 3.4.9, which Gemfile asks for, is not here" in note for note in workshop.session.notes)
    result = found.results[0]
    assert result.data is not None
    assert result.copy is not None
    tests = RubyRunner().tests_by_line(result.data, result.copy / "app/models/item.rb")
    cheap = {"./spec/models/item_spec.rb[1:2]", "./spec/requests/items_spec.rb[1:1]"}
    assert tests == {4: cheap, 7: {"./spec/models/item_spec.rb[1:1]"}, 8: {"./spec/models/item_spec.rb[1:1]"}}
    tree = workshop.tree
    bugs = strength.collect(found, source.collect(tree), scaffold.collect_scaffold(tree), tree, workshop.session)
    assert bugs.control == ""
    assert bugs.candidates > 2
    assert all(bug.noticed for bug in bugs.bugs), bugs.bugs


def test_a_database_that_cannot_be_prepared_is_the_runs_problem(workshop: Workshop) -> None:
    broken = {**APP, "db/schema.rb": "raise 'no schema'\n"}
    result = workshop.run(broken, stack=("ruby",), services=("postgresql",)).results[0]
    assert (result.stage, result.problem) == (
        "stopped",
        "`bin/rails db:create db:schema:load` ended with exit code 1",
    )
    assert "no schema" in result.log


def test_the_application_boots_from_its_procfile(workshop: Workshop, tmp_path: Path) -> None:
    tree = workshop.repository(APP)
    (tree.root / "bin/rails").chmod(0o755)
    grading = session(tmp_path, workshop.cache, stack=("ruby",))
    copy = tmp_path / "copy"
    base.copy_tree(workshop.repository(APP), copy)
    (copy / "bin/rails").chmod(0o755)
    runner = RubyRunner()
    environment = runner.install(base.Suite("ruby", "", "", "Procfile"), copy, grading)
    with started(("postgresql",), grading) as services:
        variables = {**runner.variables(environment, copy), **{s.variable: s.url for s in services}}
        assert variables["RAILS_ENV"] == "production"
        env = sandbox.environment(tmp_path / "home", tmp_path / "tmp", variables)
        with boot(copy, str(APP["Procfile"]), env) as application:
            stopped = application["web"].stop()
    assert stopped.seconds < 5
