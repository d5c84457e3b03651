"""Rules about running and watching the application."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from checks.model import Check, State
from checks.rules import operations as rules
from checks.rules import operations_monitoring as watching
from checks.testing import verdict

APP = """\
import os
from prometheus_client import Counter, Histogram

requests = Counter("http_requests", "Requests.")
seconds = Histogram("http_request_duration_seconds", "Seconds.")
url = os.environ["DATABASE_URL"]
level = os.getenv("LOG_LEVEL", "INFO")
port = os.environ.get("PORT")

@app.get("/healthz")
def health(): ...

@app.get("/readyz")
def ready(): ...

@app.get("/metrics")
def metrics(): ...
"""
LOGS = """\
import json, logging

class JsonFormatter(logging.Formatter):
    def format(self, record):
        return json.dumps({"time": 1, "level": record.levelname, "message": record.getMessage(), "request_id": 2})

CONFIG = {"formatters": {"json": {"()": JsonFormatter}}}
"""
MAIN = """\
import signal
signal.signal(signal.SIGTERM, stop)
"""
PROCFILE = """\
release: python manage.py migrate
web: exec gunicorn shop.wsgi
api: PYTHONPATH=src python -m shop.api
worker: celery --app shop.worker worker
"""
ALERTS = """\
groups:
  - name: g
    rules:
      - {record: "job:errors", expr: "rate(http_requests_total[5m])"}
""" + "".join(
    f"""
      - alert: {name}
        expr: '{expr}'
        for: 5m
        labels: {{severity: critical}}
        annotations: {{runbook_url: "https://x.y/blob/main/docs/runbooks/{name}.md#remedy"}}
"""
    for name, expr in (
        ("Down", 'up{job="api"} == 0 or absent(up)'),
        ("Failing", "sum by (route) (job:errors) > 0.1"),
        ("Slow", "histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1"),
    )
)
TESTS = "rule_files: [alerts.yml]\ntests:\n  - alert_rule_test:\n" + "".join(
    f"      - {{alertname: {name}, exp_alerts: [{{}}]}}\n" for name in ("Down", "Failing", "Slow")
)
DASHBOARD = {"title": "d", "panels": [
    {"title": "Rate", "targets": [{"expr": "rate(http_requests_total[5m])"}]},
    {"title": "Row", "panels": [{"title": "Up", "targets": [{"expr": "up"}]}]},
    {"title": "Errors", "targets": [{"expr": "job:errors{job=\"$job\"}"}]},
    {"title": "Memory", "targets": [{"expr": "process_resident_memory_bytes"}]},
]}  # fmt: skip
RUNBOOK = (
    "# Trouble\n\n## Symptoms\n\n"
    + "Requests fail and users see it at once. " * 10
    + "\n\n## Checks\n\n```sh\ncurl x\n```\n"
)
GOOD = {
    "src/shop/__init__.py": "", "src/shop/app.py": APP, "src/shop/logs.py": LOGS,
    "src/shop/api/__init__.py": "", "src/shop/api/__main__.py": MAIN,
    "src/shop/worker.py": "", "src/shop/wsgi.py": "", "manage.py": "print(1)\n",
    "Procfile": PROCFILE,
    ".env.example": "# The database.\nDATABASE_URL=x\n\nLOG_LEVEL=INFO # how much is logged\n\n# PORT is set by the platform.\n",
    "ops/alerts.yml": ALERTS, "ops/alerts_test.yml": TESTS, "ops/dashboard.json": json.dumps(DASHBOARD),
    "ops/prometheus.yml": "rule_files: [alerts.yml]\nscrape_configs: [{job_name: api, static_configs: [{targets: [a]}]}]\n",
    **{f"docs/runbooks/{name}.md": RUNBOOK for name in ("Down", "Failing", "Slow")},
}  # fmt: skip
RULES: list[Check] = [v for m in (rules, watching) for v in vars(m).values() if isinstance(v, Check)]


def changed(path: str, old: str, new: str) -> dict[str, str]:
    assert old in GOOD[path]
    return GOOD | {path: GOOD[path].replace(old, new)}


def without(*paths: str) -> dict[str, str]:
    return {path: text for path, text in GOOD.items() if path not in paths}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_careful_application_passes(rule: Check, tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, GOOD)
    assert found.state is State.PASS, found.reason


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_empty_python_application_passes_nothing(rule: Check, tmp_path: Path) -> None:
    assert verdict(rule, tmp_path, {"app.py": ""}).state is State.FAIL


FAILS: list[tuple[str, Check, dict[str, str]]] = [
    ("a line that is no process", rules.names_its_processes, GOOD | {"Procfile": "web gunicorn\n"}),
    ("only a release", rules.names_its_processes, GOOD | {"Procfile": "release: python manage.py migrate\n"}),
    ("no process", rules.stops_gracefully, GOOD | {"Procfile": "# none\n"}),
    ("routes in a test only", rules.answers_health, {"tests/test_app.py": APP, "app.py": ""}),
    ("routes in a comment only", rules.answers_health, {"app.py": '# @app.get("/healthz") @app.get("/readyz")\n'}),
    ("another method", rules.answers_health, {"app.py": '@app.post("/healthz")\ndef f(): ...\n'}),
    ("figures without a route", rules.answers_metrics, changed("src/shop/app.py", '@app.get("/metrics")', "")),
    ("a formatter that is not used", rules.logs_json, changed("src/shop/logs.py", "{\"()\": JsonFormatter}", "{}")),
    ("a formatter of plain text", rules.logs_json, changed("src/shop/logs.py", "json.dumps", "str")),
    ("no example", rules.documents_its_environment, without(".env.example")),
    ("nothing read", rules.documents_its_environment, {".env.example": "# a\nA=1\n", "a.py": ""}),
    ("broken rules", watching.alerts_when_users_are_hurt, GOOD | {"ops/alerts.yml": "groups: [\n"}),
    ("a broken dashboard", watching.has_a_dashboard, GOOD | {"ops/dashboard.json": '{"panels": [{"targets": '}),
    ("rules that nothing loads", watching.alerts_when_users_are_hurt, changed("ops/prometheus.yml", "rule_files: [alerts.yml]\n", "")),
    ("no configuration", watching.alerts_when_users_are_hurt, without("ops/prometheus.yml")),
    ("runbooks that are not there", watching.alerts_lead_to_runbooks,
     without(*(f"docs/runbooks/{n}.md" for n in ("Down", "Failing", "Slow")))),
    ("no tests", watching.alerts_are_tested, without("ops/alerts_test.yml")),
    ("a dashboard without queries", watching.has_a_dashboard, GOOD | {"ops/dashboard.json": '{"panels": [{"targets": []}]}'}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files"), [(r, f) for _, r, f in FAILS], ids=[name for name, _, _ in FAILS])
def test_this_fails(rule: Check, files: dict[str, str], tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, files)
    assert found.state is State.FAIL, found.reason


def process(line: str) -> dict[str, str]:
    return GOOD | {"Procfile": f"{PROCFILE}one: {line}\n"}


PARTS: list[tuple[str, Check, dict[str, str], Fraction]] = [
    *[(f"`{line}`", rules.names_its_processes, process(line), Fraction(4, 5)) for line in (
        "bin/nothing", "sleep 100", "true", "python nothing.py", "python -m shop.nothing.deep", "uvicorn nothing.app:app",
        "celery -A shop.nope.app worker", "A=1")],
    ("two processes that are one", rules.names_its_processes, process("exec gunicorn shop.wsgi"), Fraction(3, 5)),
    *[(f"`{line}`", rules.stops_gracefully, process(line), Fraction(3, 4)) for line in (
        "sh -c 'gunicorn a'", "gunicorn a & wait && b", "python manage.py runserver", "python -m shop.worker")],
    ("no readiness", rules.answers_health, changed("src/shop/app.py", "/readyz", "/other"), Fraction(1, 2)),
    ("no histogram", rules.answers_metrics, changed("src/shop/app.py", "Histogram(", "Gauge("), Fraction(2, 3)),
    ("no request id", rules.logs_json, changed("src/shop/logs.py", '"request_id": 2', ""), Fraction(3, 4)),
    ("print", rules.logs_json, GOOD | {"src/shop/b.py": "print('hello')\n"}, Fraction(3, 4)),
    ("a variable that is not listed", rules.documents_its_environment,
     GOOD | {"src/shop/b.py": "import os\nos.environ['SECRET_KEY']\n"}, Fraction(3, 4)),
    ("a variable without a comment", rules.documents_its_environment, changed(".env.example", " # how much is logged", ""), Fraction(2, 3)),
    ("a field of the settings that is not listed", rules.documents_its_environment, GOOD | {"src/shop/settings.py":
     "class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='app_')\n    key: str\n"
     "    log: str = Field(alias='LOG_LEVEL')\n"}, Fraction(3, 4)),
    *[(f"an alert with {what}", watching.alerts_when_users_are_hurt, changed("ops/alerts.yml", old, new), Fraction(2, 3))
      for what, old, new in (
        ("no `for`", "absent(up)'\n        for: 5m", "absent(up)'"),
        ("no severity", "absent(up)'\n        for: 5m\n        labels: {severity: critical}", "absent(up)'\n        for: 5m"),
        ("an open bracket", "absent(up)'", "absent(up'"),
        ("a metric that nobody exports", "job:errors) >", "http_request_total) >"),
        ("no metric", "up{job=\"api\"} == 0 or absent(up)", "vector(0) > 1"),
        ("no comparison", "sum by (route) (job:errors) > 0.1", "sum by (route) (job:errors)"))],
    ("two alerts", watching.alerts_when_users_are_hurt, GOOD | {"ops/alerts.yml": ALERTS.split("      - alert: Slow")[0]}, Fraction(2, 3)),
    ("an alert without a runbook", watching.alerts_lead_to_runbooks,
     changed("ops/alerts.yml", "docs/runbooks/Slow.md#remedy", ""), Fraction(2, 3)),
    ("a runbook that is a stub", watching.alerts_lead_to_runbooks, GOOD | {"docs/runbooks/Slow.md": "# Slow\n"}, Fraction(2, 3)),
    ("one runbook for all", watching.alerts_lead_to_runbooks,
     GOOD | {"ops/alerts.yml": ALERTS.replace("runbooks/Slow", "runbooks/Down").replace("runbooks/Failing", "runbooks/Down")}, Fraction(1, 3)),
    ("an alert without a test", watching.alerts_are_tested, changed("ops/alerts_test.yml", "Slow", "Other"), Fraction(2, 3)),
    ("an alert that is only tested to be silent", watching.alerts_are_tested,
     changed("ops/alerts_test.yml", "Slow, exp_alerts: [{}]", "Slow, exp_alerts: []"), Fraction(2, 3)),
    ("a panel without data", watching.has_a_dashboard, changed("ops/dashboard.json", "process_resident_memory_bytes", "nothing_total"), Fraction(3, 4)),
    ("a panel without a metric", watching.has_a_dashboard, changed("ops/dashboard.json", "process_resident_memory_bytes", "vector(1)"), Fraction(3, 4)),
    ("three panels", watching.has_a_dashboard, GOOD | {"ops/dashboard.json": json.dumps({"panels": DASHBOARD["panels"][:3]})}, Fraction(3, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files", "credit"), [p[1:] for p in PARTS], ids=[p[0] for p in PARTS])
def test_this_earns_a_part(rule: Check, files: dict[str, str], credit: Fraction, tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, files)
    assert found.credit == credit, found.reason


PASSES: list[tuple[str, Check, dict[str, str]]] = [
    *[(f"`{line}`", rules.names_its_processes, process(line)) for line in (
        "python -m http.server", "uvicorn shop.app:app --port 80", "celery -A shop.worker:app beat", "bundle exec puma",
        "python manage.py check", "gunicorn --config python:a.b shop.wsgi")],
    *[(f"`{line}`", rules.stops_gracefully, process(line)) for line in (
        "sh -c 'exec gunicorn a'", "bundle exec puma", "uv run celery -A shop.worker worker", "python -m shop.api --port 1")],
    ("a library's formatter", rules.logs_json, {"app.py": "handler.setFormatter(jsonlogger.JsonFormatter())\n"}),
    ("exporters", watching.alerts_when_users_are_hurt, GOOD | {
        "ops/prometheus.yml": GOOD["ops/prometheus.yml"].replace("targets: [a]", "targets: ['redis-exporter:1']"),
        "ops/alerts.yml": ALERTS.replace("job:errors) >", "redis_up) >")}),
    ("routes of a small server", rules.answers_health,
     {"app.py": "match path:\n    case '/healthz': ...\nif path in ('/readyz', '/x'): ...\n"}),
    ("routes of Django", rules.answers_health, {"urls.py": "u = [path('healthz', h), re_path('^readyz$', r)]\n"}),
    ("routes of Flask", rules.answers_health,
     {"a.py": "b = Blueprint('b', url_prefix='/health')\n@b.route('/')\ndef h(): ...\na.add_url_rule('/readyz', view_func=r)\n"}),
    ("routes of Rails", rules.answers_health,
     {"config/routes.rb": "# get '/x'\nget \"/healthz\", to: 'h'\nget 'readyz' => 'r'\n"}),
    ("routes of Express", rules.answers_health,
     {"src/a.js": "/* a\n b */\n// app.get('/x')\napp.get('/healthz', h);\nrouter.get(`/readyz`, r);\n"}),
    ("variables of Ruby and JavaScript", rules.documents_its_environment, {
        "a.rb": "ENV.fetch('A_B')\n# ENV['C']\nENV[\"D\"]\n", "b.js": "process.env.E + process.env['F']\n",
        ".env.example": "# these are all explained here\nA_B=\nD=\nE=\nF=\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files"), [(r, f) for _, r, f in PASSES], ids=[name for name, _, _ in PASSES])
def test_this_passes(rule: Check, files: dict[str, str], tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, files)
    assert found.state is State.PASS, found.reason


@pytest.mark.parametrize("rule", [rules.answers_metrics, rules.logs_json], ids=lambda rule: rule.id)
def test_what_is_not_read_of_javascript_is_not_yet_known(rule: Check, tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, {"src/app.js": "app.get('/metrics', show);\n"})
    assert found.state is State.ERROR
    assert not found.internal


RUBY_METRICS = {
    "config/routes.rb": "Rails.application.routes.draw do\n  get '/metrics', to: 'metrics#show'\nend\n",
    "lib/figures.rb": "COUNT = Metrics.counter('http_requests_total', 'Requests.')\n"
    "TIME = Prometheus::Client::Histogram.new(:http_request_duration_seconds, docstring: 'Time.')\n",
}
RUBY_LOGS = {
    "lib/lines.rb": "class Lines\n  def call(severity, time, _program, message)\n"
    "    JSON.generate({ time:, level: severity, message:, request_id: Current.id })\n  end\nend\n",
    "config/application.rb": "config.logger = Logger.new($stdout, formatter: Lines.new)\n",
}


@pytest.mark.parametrize(
    ("rule", "files"), [(rules.answers_metrics, RUBY_METRICS), (rules.logs_json, RUBY_LOGS)], ids=["metrics", "logs"]
)
def test_ruby_is_read_like_python(rule: Check, files: dict[str, str], tmp_path: Path) -> None:
    found = verdict(rule, tmp_path, files)
    assert found.state is State.PASS, found.reason


RUBY_WRONG: list[tuple[str, Check, dict[str, str], Fraction]] = [
    ("no route", rules.answers_metrics, RUBY_METRICS | {"config/routes.rb": "# get '/metrics'\n"}, Fraction(0)),
    ("no histogram", rules.answers_metrics, RUBY_METRICS | {
        "lib/figures.rb": "Metrics.counter('http_requests_total', '')\n# Metrics.histogram('http_request_seconds')\n"},
     Fraction(2, 3)),
    ("figures of something else", rules.answers_metrics, RUBY_METRICS | {
        "lib/figures.rb": "Metrics.counter('jobs', '')\nMetrics.histogram('job_seconds', '')\n"}, Fraction(1, 3)),
    ("figures in a text", rules.answers_metrics, RUBY_METRICS | {
        "lib/figures.rb": "HELP = \"Metrics.counter('http_requests', '')\"\n"}, Fraction(1, 3)),
    ("no formatter", rules.logs_json, {"config/application.rb": "config.logger = Logger.new($stdout)\n"}, Fraction(0)),
    ("a formatter that nobody uses", rules.logs_json, RUBY_LOGS | {"config/application.rb": "# Lines.new\n"}, Fraction(0)),
    ("a formatter of text that is called JSON", rules.logs_json, {
        "lib/json_formatter.rb": "class JsonFormatter\n  def call(severity, time, program, message) = message.to_s\nend\n",
        "config/application.rb": "config.logger.formatter = JsonFormatter.new\n"}, Fraction(0)),
    ("no request's id", rules.logs_json, RUBY_LOGS | {
        "lib/lines.rb": RUBY_LOGS["lib/lines.rb"].replace(", request_id: Current.id", "")}, Fraction(3, 4)),
    ("puts", rules.logs_json, RUBY_LOGS | {"app/models/a.rb": "def pay\n  puts 'paid'\nend\n"}, Fraction(3, 4)),
    ("a stream", rules.logs_json, RUBY_LOGS | {"app/models/a.rb": "$stdout.puts('paid')\n"}, Fraction(3, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "files", "credit"), [p[1:] for p in RUBY_WRONG], ids=[p[0] for p in RUBY_WRONG])
def test_ruby_that_lacks_something_earns_a_part(
    rule: Check, files: dict[str, str], credit: Fraction, tmp_path: Path
) -> None:
    found = verdict(rule, tmp_path, files)
    assert found.state in (State.FAIL, State.PARTIAL)
    assert found.credit == credit, found.reason


@pytest.mark.parametrize("path", ["bin/report.rb", "lib/tasks/report.rb", "db/seeds.rb"])
def test_what_people_run_by_hand_may_print(path: str, tmp_path: Path) -> None:
    assert verdict(rules.logs_json, tmp_path, RUBY_LOGS | {path: "puts 'done'\n"}).state is State.PASS


RAILS: dict[str, str] = {path: text for path, text in GOOD.items() if not path.endswith(".py")} | RUBY_METRICS
COLLECTED = {
    "config.ru": "use Prometheus::Middleware::Collector\nuse Prometheus::Middleware::Exporter\nrun Rails.application\n",
    "Gemfile": "gem 'prometheus-client'\n", "lib/figures.rb": "", "config/routes.rb": "",
}  # fmt: skip


@pytest.mark.parametrize("rule", [watching.has_a_dashboard, watching.alerts_when_users_are_hurt])
def test_what_ruby_exports_can_be_asked_for_and_nothing_else(rule: Check, tmp_path: Path) -> None:
    found = verdict(rule, tmp_path / "all", RAILS)
    assert found.state is State.PASS, found.reason
    less = verdict(
        rule, tmp_path / "less", RAILS | {"lib/figures.rb": "# Metrics.counter('http_requests_total', '')\n"}
    )
    assert less.state is State.PARTIAL
    assert "nothing exports" in less.reason


def test_what_a_gem_exports_can_be_asked_for(tmp_path: Path) -> None:
    asked = {path: text.replace("http_request_duration_seconds", "http_server_request_duration_seconds")
             .replace("http_requests_total", "http_server_requests_total") for path, text in RAILS.items()}  # fmt: skip
    found = verdict(watching.alerts_when_users_are_hurt, tmp_path / "set up", asked | COLLECTED)
    assert found.state is State.PASS, found.reason
    only = asked | COLLECTED | {"config.ru": "run Rails.application\n"}
    assert verdict(watching.alerts_when_users_are_hurt, tmp_path / "only installed", only).state is State.PARTIAL


def test_a_gem_that_counts_requests_is_enough_where_it_is_set_up(tmp_path: Path) -> None:
    assert verdict(rules.answers_metrics, tmp_path / "a", COLLECTED | {"app.rb": ""}).state is State.PASS
    only = COLLECTED | {"app.rb": "", "config.ru": "use Prometheus::Middleware::Collector\n"}
    assert verdict(rules.answers_metrics, tmp_path / "b", only).state is State.FAIL


def test_variables_in_the_configuration_of_rails_are_read(tmp_path: Path) -> None:
    files = {
        "config/application.rb": "Rails.application.credentials.mail\n",
        "config/database.yml": "# <%# ENV['NO'] %>\nproduction:\n  url: <%= ENV.fetch(\"DATABASE_URL\") { 'x' } %>\n",
        ".env.example": "# Decrypts what is secret.\nRAILS_MASTER_KEY=\n",
    }
    found = verdict(rules.documents_its_environment, tmp_path, files)
    assert found.actual == "DATABASE_URL"
    assert [str(at) for at in found.locations] == ["config/database.yml:3"]


def test_without_an_example_it_is_told_what_belongs_into_it(tmp_path: Path) -> None:
    puma = "port ENV.fetch('PORT', 3000)\npidfile ENV['PIDFILE'] if ENV['PIDFILE']\n"
    found = verdict(rules.documents_its_environment, tmp_path, {"config/puma.rb": puma})
    assert (found.state, found.actual) == (State.FAIL, "PORT")
    assert [str(at) for at in found.locations] == ["config/puma.rb:1"]
