"""Monitoring as files: Prometheus configuration, rules and rule tests, Alertmanager, Grafana dashboards.

PromQL is read as far as the names of metrics go (https://prometheus.io/docs/prometheus/latest/querying/basics/);
whether a rule is right is for `promtool test rules`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from checks.evidence._yaml import YamlMap, YamlProblem, load
from checks.repository import FileTooLarge, Repository

_KIND = re.compile(r"^(groups|scrape_configs|tests|receivers)\s*:", re.MULTILINE)
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`")
_LABELS = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w:$.])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])")
_KEYWORDS = frozenset({"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool",
                       "offset", "inf", "nan", "atan2", "start", "end"})  # fmt: skip


class Alert(NamedTuple):
    """An alerting rule. `duration` is its `for`, `runbook` the link among its annotations."""

    name: str
    expr: str
    duration: str | None
    severity: str | None
    runbook: str | None
    summary: str | None
    path: str
    line: int


class Panel(NamedTuple):
    """A panel of a dashboard and the queries that it shows."""

    title: str
    queries: tuple[str, ...]
    path: str


class Monitoring(NamedTuple):
    """Everything that watches the application.

    `recorded` are names of recording rules, `tested` names of alerts with whether a test saw them fire, `targets`
    what is scraped, `loaded` names of rule files that a configuration loads, `problems` what cannot be read.
    """

    alerts: tuple[Alert, ...] = ()
    recorded: frozenset[str] = frozenset()
    tested: tuple[tuple[str, bool], ...] = ()
    targets: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()
    configured: bool = False
    receivers: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    problems: tuple[tuple[str, int, str], ...] = ()


@dataclass
class _Found:
    alerts: list[Alert] = field(default_factory=list)
    recorded: set[str] = field(default_factory=set)
    tested: list[tuple[str, bool]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    configured: bool = False
    receivers: list[str] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)
    problems: list[tuple[str, int, str]] = field(default_factory=list)


def metrics_in(expr: str) -> frozenset[str]:
    """Return the names of the metrics that a PromQL expression asks for."""
    bare = _STRING.sub('""', expr)
    named = frozenset(re.findall(r"__name__\s*=\s*[\"']([\w:]+)[\"']", expr))
    bare = _GROUPING.sub(" ", _LABELS.sub(" ", bare))
    return named | {n for n in _NAME.findall(bare) if n.lower() not in _KEYWORDS}


def balanced(expr: str) -> bool:
    """Whether the brackets of an expression close in order."""
    open_: list[str] = []
    pairs = {")": "(", "]": "[", "}": "{"}
    for character in _STRING.sub("", expr):
        if character in "([{":
            open_.append(character)
        elif character in pairs and (not open_ or open_.pop() != pairs[character]):
            return False
    return not open_


def _maps(value: Any) -> Iterator[YamlMap]:
    return (item for item in value if isinstance(item, YamlMap)) if isinstance(value, list) else iter(())


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None if value is None else str(value)


def _rules(root: YamlMap, path: str, found: _Found) -> None:
    for group in _maps(root.get("groups")):
        for rule in _maps(group.get("rules")):
            if "record" in rule:
                found.recorded.add(str(rule["record"]))
            elif "alert" in rule:
                labels, annotations = rule.get("labels"), rule.get("annotations")
                labels = labels if isinstance(labels, YamlMap) else {}
                annotations = annotations if isinstance(annotations, YamlMap) else {}
                runbook = annotations.get("runbook_url") or annotations.get("runbook")
                found.alerts.append(
                    Alert(
                        str(rule["alert"]),
                        _string(rule.get("expr")) or "",
                        _string(rule.get("for")),
                        _string(labels.get("severity")),
                        _string(runbook),
                        _string(annotations.get("summary")),
                        path,
                        rule.line_of("alert"),
                    )
                )


def _tests(root: YamlMap, found: _Found) -> None:
    for test in _maps(root.get("tests")):
        for case in _maps(test.get("alert_rule_test")):
            found.tested.append((str(case.get("alertname")), bool(case.get("exp_alerts"))))


def _configuration(root: YamlMap, found: _Found) -> None:
    found.configured = True
    files = root.get("rule_files")
    found.loaded += [str(name).rsplit("/", 1)[-1] for name in files] if isinstance(files, list) else []
    for job in _maps(root.get("scrape_configs")):
        found.targets.append(str(job.get("job_name")))
        for static in _maps(job.get("static_configs")):
            targets = static.get("targets")
            found.targets += [str(t) for t in targets] if isinstance(targets, list) else []


def _yaml(path: str, text: str, found: _Found) -> None:
    document = load(text)
    if isinstance(document, YamlProblem):
        found.problems.append((path, document.line or 1, document.message))
        return
    root = document.value
    if not isinstance(root, YamlMap):
        return
    if "groups" in root and "apiVersion" not in root:
        _rules(root, path, found)
    if "tests" in root and "rule_files" in root:
        _tests(root, found)
    if "scrape_configs" in root:
        _configuration(root, found)
    if "receivers" in root and "route" in root:
        found.receivers += [str(r.get("name")) for r in _maps(root["receivers"]) if len(r) > 1]


def _dashboard(path: str, text: str, found: _Found) -> None:
    try:
        root = json.loads(text)
    except (ValueError, RecursionError) as error:
        found.problems.append((path, getattr(error, "lineno", 1), "this is not JSON"))
        return
    todo = [root.get("panels")] if isinstance(root, dict) else []
    while todo:
        panels = todo.pop()
        for panel in panels if isinstance(panels, list) else ():
            if isinstance(panel, dict):
                todo.append(panel.get("panels"))
                targets = panel.get("targets")
                queries = [t.get("expr") for t in targets if isinstance(t, dict)] if isinstance(targets, list) else []
                if texts := tuple(q for q in queries if isinstance(q, str) and q.strip()):
                    found.panels.append(Panel(str(panel.get("title", "")), texts, path))


def collect(repository: Repository) -> Monitoring:
    """Reading the monitoring."""
    found = _Found()
    for entry in repository.with_suffix(".yml", ".yaml", ".json"):
        if entry.path.startswith((".github/", "node_modules/", "tests/")) or entry.name == "package-lock.json":
            continue
        try:
            text = repository.read_text(entry.path)
        except (FileTooLarge, OSError):
            continue  # data; nothing that people write for Prometheus or Grafana is that large
        if entry.suffix == ".json":
            if '"panels"' in text and '"targets"' in text:
                _dashboard(entry.path, text, found)
        elif _KIND.search(text):
            _yaml(entry.path, text, found)
    return Monitoring(
        alerts=tuple(found.alerts),
        recorded=frozenset(found.recorded),
        tested=tuple(found.tested),
        targets=tuple(found.targets),
        loaded=tuple(found.loaded),
        configured=found.configured,
        receivers=tuple(found.receivers),
        panels=tuple(found.panels),
        problems=tuple(found.problems),
    )
