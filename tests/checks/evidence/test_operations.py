"""The evidence behind the rules of operations: what hostile and broken files do to it."""

from pathlib import Path

import pytest

from checks.evidence import application, environment_example, monitoring
from checks.testing import repository

HOSTILE = {
    "a syntax error": b"def (",
    "a NUL": b"\x00",
    "deep nesting": b"x = " + b"(" * 100_000,
    "no UTF-8": b"\xff\xfe",
    "two megabytes": b"a = 1\n" * 400_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_source_that_cannot_be_read_is_a_problem(content: bytes, tmp_path: Path) -> None:
    found = application.collect(repository(tmp_path, {"a.py": content, "b.py": "import os\nos.getenv('A')\n"}))
    assert [p.path for p in found.problems] == ["a.py"]
    assert [p.name for p in found.environment] == ["A"]


def test_source_of_other_languages_that_is_too_large_is_a_problem(tmp_path: Path) -> None:
    found = application.collect(repository(tmp_path, {"a.rb": b"#" * (2 << 20)}))
    assert [p.path for p in found.problems] == ["a.rb"]


def test_metrics_know_their_namespace_and_kind(tmp_path: Path) -> None:
    source = "Counter('a', 'A', namespace='n', subsystem='s')\nGaugeMetricFamily('g', 'G')\nCounter(name)\n"
    found = application.collect(repository(tmp_path, {"a.py": source}))
    assert [(m.name, m.detail) for m in found.metrics] == [("n_s_a", "counter"), ("g", "gauge")]


def test_decorators_that_are_no_routes_are_left_out(tmp_path: Path) -> None:
    source = "@app.get\ndef a(): ...\n@app.get(path='/x')\ndef b(): ...\n@app.get(name)\ndef c(): ...\n@cache\ndef d(): ...\n"
    found = application.collect(repository(tmp_path, {"a.py": source}))
    assert [(r.method, r.path) for r in found.routes] == [("get", "/x")]


def test_handlers_of_a_loop_are_signals(tmp_path: Path) -> None:
    found = application.collect(repository(tmp_path, {"a.py": "loop.add_signal_handler(signal.SIGTERM, stop)\n"}))
    assert [s.path for s in found.signals] == ["a.py"]


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        (
            'sum by (le, job) (rate(a_bucket{x="y{z}"}[5m] offset 1d)) / on (job) group_left () b > bool 1e3',
            {"a_bucket", "b"},
        ),
        ('{__name__="c"}', {"c"}),
        ("absent(up) or vector(0) and inf", {"up"}),
        ("$var + 1", set()),
    ],
)
def test_metrics_of_an_expression(expr: str, names: set[str]) -> None:
    assert monitoring.metrics_in(expr) == names


@pytest.mark.parametrize(
    ("expr", "fine"), [("(a[1m])", True), ("(a]", False), ("a)", False), ("(')'", False), ("')'", True)]
)
def test_brackets_close(expr: str, fine: bool) -> None:
    assert monitoring.balanced(expr) is fine


def test_files_that_only_look_like_monitoring_are_left_out(tmp_path: Path) -> None:
    files = {
        "a.yml": "groups:\n  - text\n  - rules: [text, {x: 1}]\n",
        "provision.yml": "apiVersion: 1\ngroups: []\n",
        "list.yml": "- 1\n# groups\ngroups:\n",
        "b.yml": "- a\n",
        "c.json": '{"panels": 1, "targets": 2}',
        "d.json": '[1, "panels", "targets"]',
        "package-lock.json": '{"panels": [], "targets": "',
        "e.yml": b"x" * (2 << 20),
        "f.yml": "receivers: [{name: a}, {name: b, email_configs: []}]\nroute: {receiver: b}\n",
        "g.json": '{"panels": "x", "targets": {"panels": [1]}}',
    }
    found = monitoring.collect(repository(tmp_path, files))
    assert (found.alerts, found.panels, found.receivers) == ((), (), ("b",))


def test_annotations_that_are_text_are_none(tmp_path: Path) -> None:
    files = {"a.yml": "groups: [{rules: [{alert: A, expr: up, labels: x, annotations: y}]}]\n"}
    alert = monitoring.collect(repository(tmp_path, files)).alerts[0]
    assert (alert.name, alert.expr, alert.severity, alert.runbook) == ("A", "up", None, None)


def test_an_example_file_that_is_too_large_explains_nothing(tmp_path: Path) -> None:
    found = environment_example.collect(repository(tmp_path, {".env.example": b"A=1\n" * 500_000}))
    assert (found.path, found.variables) == (".env.example", ())
