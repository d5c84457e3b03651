"""What is read of Ruby: routes below their scopes, metrics, formatters, variables, output; and what is not."""

from __future__ import annotations

import time

import pytest

from checks.evidence import _ruby
from checks.evidence._statements import statements


def facts(source: str) -> _ruby.Facts:
    return _ruby.read(source.encode(), routed=False)


def routes(source: str) -> list[str]:
    drawn = _ruby.read(f"Rails.application.routes.draw do\n{source}\nend\n".encode(), routed=True).routes
    return [f"{route.detail} {route.name}" for route in drawn]


ROUTES = {
    "verbs": ("get '/healthz', to: 'h#i'\npost 'a/:id', to: 'a#b'", ["get /healthz", "post /a/:id"]),
    "arrows": ("get 'readyz' => 'r'\nmount Web => '/jobs'\nmount Api, at: '/v2'", ["get /readyz", "mount /jobs", "mount /v2"]),
    "a symbol": ("put :me", ["put /me"]),
    "root": ("root to: 'a#b'", ["get /"]),
    "match": ("match 'x', via: %i[get post]\nmatch 'y', via: :all\nmatch 'z'",
              ["get /x", "post /x", "any /y", "any /z"]),
    "scopes": ("scope 'api/v1', module: 'api' do\n  scope 'auth' do\n    post 'login'\n  end\n  get 'b'\nend\nget 'c'",
               ["post /api/v1/auth/login", "get /api/v1/b", "get /c"]),
    "a scope without a path": ("scope module: 'x', format: false do\n  get 'a'\nend", ["get /a"]),
    "a scope with an option": ("scope path: '/v1' do\n  get 'a'\nend", ["get /v1/a"]),
    "namespaces": ("namespace :api do\n  namespace :v1, path: 'one' do\n    get 'a'\n  end\nend", ["get /api/one/a"]),
    "resources": ("resources :users", ["get /users", "post /users", "get /users/:id", "patch /users/:id",
                                       "delete /users/:id"]),
    "some of them": ("resources :a, :b, only: :index\nresources :c, except: %i[show update destroy create]",
                     ["get /a", "get /b", "get /c"]),
    "one resource": ("resource :cart, only: [:show, :destroy], path: 'basket'", ["get /basket", "delete /basket"]),
    "nested resources": ("resources :users, only: [] do\n  resources :pets, only: [:index]\n  get 'age'\nend",
                         ["get /users/:user_id/pets", "get /users/:user_id/age"]),
    "members": ("resources :a, only: [] do\n  member { post :b }\n  collection do\n    get :c\n  end\n"
                "  put :d, on: :member\n  get :e, on: :collection\nend",
                ["post /a/:id/b", "get /a/c", "put /a/:id/d", "get /a/e"]),
    "concerns": ("concern :noted do\n  resources :notes, only: :index\nend\nresources :a, only: [], concerns: :noted\n"
                 "resources :b, only: [] do\n  concerns [:noted]\nend",
                 ["get /a/:a_id/notes", "get /b/:b_id/notes"]),
    "a concern that nobody uses": ("concern :x do\n  get 'a'\nend", []),
    "a concern that uses itself": ("concern(:x) { get 'a'\nconcerns :x }\nconcerns :x, :x", ["get /a"]),
    "constraints": ("constraints(id: /x/) do\n  get 'a'\nend", ["get /a"]),
    "comments and texts": ("# get '/a'\nputs \"get '/b'\"\nclient.get('/c')", []),
    "paths that are made": ("get \"/#{name}\", to: 'a'\nget path", []),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), ROUTES.values(), ids=ROUTES)
def test_routes_are_read_with_what_stands_around_them(source: str, expected: list[str]) -> None:
    assert routes(source) == expected


def test_routes_are_drawn_where_routes_are_drawn() -> None:
    assert facts("get '/a'\n").routes == []


def test_metrics_have_a_name_and_a_kind() -> None:
    source = "A = Metrics.counter('a', 'A')\nregistry.gauge(:b, docstring: 'B')\nPrometheus::Client::Summary.new(:c)\n"
    source += "Counter.new\ncounter(:d)\nMetrics.counter(name)\n"
    found = facts(source).metrics
    assert [(m.name, m.detail, m.line) for m in found] == [("a", "counter", 1), ("b", "gauge", 2), ("c", "summary", 3)]
    found = facts("client.register(:gauge, 'queue', 'Jobs.')\nYabeda.configure do\n  counter :a\n  group :shop do\n"
                  "    histogram :b\n  end\nend\ngroup :x do\n  counter :c\nend\n").metrics  # fmt: skip
    assert [(m.name, m.detail) for m in found] == [("queue", "gauge"), ("a", "counter"), ("shop_b", "histogram")]


FORMATTERS = {
    "a class": (
        "class F\n  def call(s, t, p, m)\n    { time: t, 'level' => s }.to_json\n  end\nend\n",
        [("F", "level time")],
    ),
    "a class with a helper": (
        "class A::F\n  def call(s, t, p, m) = line(m)\n  def line(m) = JSON.dump({ message: m })\nend\n",
        [("F", "message")],
    ),
    "a proc": ("logger.formatter = proc { |s, t, p, m| JSON.generate({ time: t }) }\n", [("formatter", "time")]),
    "a library's": ("config.x = Lograge::Formatters::Json.new\n", [("Json", "called")]),
    "a class that is called otherwise": ("class F\n  def call(env) = env.to_json\nend\n", []),
    "a class that writes text": ("class JsonFormatter\n  def call(s, t, p, m) = m\nend\nJsonFormatter.new\n", []),
    "a proc that writes text": ("logger.formatter = proc { |s, t, p, m| m }\n", []),
}


@pytest.mark.parametrize(("source", "expected"), FORMATTERS.values(), ids=FORMATTERS)
def test_formatters_write_json(source: str, expected: list[tuple[str, str]]) -> None:
    assert [(f.name, f.detail) for f in facts(source).formatters] == expected


def test_a_class_is_used_where_it_is_named_outside_of_itself() -> None:
    assert facts("class A < B\nend\nmodule C\nend\nD.new\n").used == {"B", "D"}


def test_variables_are_read_from_the_environment() -> None:
    found = facts("ENV.fetch('A', 1)\nENV[\"B_C\"]\n# ENV['D']\nenv['E']\nENV[name]\nENV.fetch('lower')\n")
    assert [v.name for v in found.environment] == ["A", "B_C"]
    found = facts(
        "ENV.values_at('A', 'B')\nENV.include?('C')\nENV.slice('D')\nENV.to_h\nRails.application.credentials.x!\n"
    )
    assert [v.name for v in found.environment] == ["A", "B", "C", "D", "RAILS_MASTER_KEY"]


def test_gems_and_switches_are_read() -> None:
    found = facts("gem 'rails'\nspec.gem 'x'\nconfig.api_only = true\nconfig.eager_load = false\napi_only = true\n")
    assert (found.gems, found.switches) == ({"rails"}, {"api_only"})


def test_output_past_the_log_is_seen() -> None:
    found = facts("puts 'a'\nputs\np x\nprint(1)\n$stdout.puts 'b'\nfile.puts 'c'\ndef puts(line) = log(line)\np = 1\n")
    assert [(p.name, p.line) for p in found.prints] == [("puts", 1), ("p", 3), ("print", 4), ("puts", 5)]


def test_handlers_of_sigterm_are_seen() -> None:
    assert [
        s.line for s in facts("trap('TERM') { stop }\nSignal.trap(:INT) {}\nSignal.trap('SIGTERM') {}\n").signals
    ] == [1, 3]


@pytest.mark.parametrize("source", [b"x = " + b"[" * 50_000, b"a do\n" * 20_000, b"\xff\xfe\x00", b'get "' * 10_000])
def test_hostile_source_costs_little(source: bytes) -> None:
    started = time.monotonic()
    _ruby.read(source, routed=True)
    assert time.monotonic() - started < 20


def test_a_statement_goes_from_its_first_to_its_last_line_and_a_compound_one_to_the_end_of_its_header() -> None:
    text = (
        "class Shop\n"  # 1
        "  TEXT = <<~LUA.freeze\n"  # 2
        "    return {1, 0}\n"
        "  LUA\n"
        "  def sell(product,\n"  # 5
        "           count)\n"
        "    order = { product:,\n"  # 7
        "              count: }\n"
        "    if count > 1\n"  # 9
        "      pay order\n"  # 10
        "    else\n"
        "      wait\n"  # 12
        "    end\n"
        "  rescue Full\n"
        "    # nothing is left\n"
        "    nil\n"  # 16
        "  end\n"
        "end\n"
    )
    assert [(s.first, s.last) for s in statements(text, "ruby")] == [
        (1, 1), (2, 2), (5, 6), (7, 8), (9, 9), (10, 10), (12, 12), (16, 16),
    ]  # fmt: skip


def test_ruby_that_cannot_be_parsed_is_told_apart() -> None:
    with pytest.raises(SyntaxError):
        statements("def sell(\n  end end\n", "ruby")


def test_lines_between_nocov_marks_are_excluded() -> None:
    found = statements("a = 1\n# :nocov:\nb = 2\n# :nocov:\nc = 3\n", "ruby")
    assert [(s.first, s.excluded) for s in found] == [(1, False), (3, True), (5, False)]
