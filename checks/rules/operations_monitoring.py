"""Rules about watching the application: alerts that fire, lead to a runbook and are tested; a dashboard that shows."""

from __future__ import annotations

import re
from fractions import Fraction

from checks.evidence.application import Application
from checks.evidence.documents import Documents
from checks.evidence.monitoring import Alert, Monitoring, balanced, metrics_in
from checks.model import Location, Verdict, check, failed, partial, passed
from checks.rules._runbooks import stub

ALERTS = 3  # down, failing, slow: the least that a service with users needs
PANELS = 4
_DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+\Z")
_SEVERITIES = frozenset({"critical", "warning", "info", "page", "ticket", "error"})
_ALWAYS = re.compile(r"(?:up|ALERTS|ALERTS_FOR_STATE|scrape_\w+|process_\w+|python_\w+|go_\w+|ruby_\w+|nodejs_\w+)\Z")
_EXPORTED = re.compile(r"(?:pg|redis|valkey|mongodb|node|container|machine|probe|aws|nginx|mysql|statsd)_\w+\Z")
_COLLECTED = re.compile(r"http_server_\w+\Z")  # by the middleware Prometheus::Middleware::Collector
# What gems export by themselves, once they are set up as their README says.
_OF_GEMS = {
    "prometheus_exporter": re.compile(r"(?:http|ruby|puma|sidekiq|active_record|active_job|resque|delayed)_\w+\Z"),
    "yabeda-rails": re.compile(r"rails_\w+\Z"),
    "yabeda-sidekiq": re.compile(r"sidekiq_\w+\Z"),
    "yabeda-activejob": re.compile(r"activejob_\w+\Z"),
    "yabeda-activerecord": re.compile(r"activerecord_\w+\Z"),
    "yabeda-puma-plugin": re.compile(r"puma_\w+\Z"),
    "yabeda-http_requests": re.compile(r"http_\w+\Z"),
}
_COMPARES = re.compile(r"[<>]=?|==|!=|\babsent(?:_over_time)?\s*\(")
_ENDINGS = {"counter": ("_total", "_created", ""), "gauge": ("",), "info": ("_info",),
            "histogram": ("_bucket", "_count", "_sum", ""), "summary": ("_count", "_sum", "")}  # fmt: skip


def _at(alert: Alert) -> Location:
    return Location(alert.path, alert.line)


def _no_alerts(monitoring: Monitoring) -> Verdict | None:
    if monitoring.problems:
        path, line, text = monitoring.problems[0]
        return failed(f"A monitoring file cannot be read: {text}.", Location(path, line))
    if not monitoring.alerts:
        return failed(
            "There are no alert rules.", expected="Prometheus rules, for example in ops/prometheus/alerts.yml"
        )
    return None


def _unknown_metrics(expr: str, monitoring: Monitoring, application: Application) -> list[str]:
    """Return the metrics of an expression that nothing is known to provide.

    What the source of other languages than Python and Ruby declares is not read, so there every name is let through.
    """
    if application.languages.isdisjoint({"python", "ruby"}):
        return []
    declared = {m.name.removesuffix("_total") + ending for m in application.metrics for ending in _ENDINGS[m.detail]}
    exported = any("exporter" in t or "cadvisor" in t for t in monitoring.targets)
    return sorted(
        name
        for name in metrics_in(expr)
        if name not in declared
        and name not in monitoring.recorded
        and not _ALWAYS.match(name)
        and not (exported and _EXPORTED.match(name))
        and not any(gem in application.gems and pattern.match(name) for gem, pattern in _OF_GEMS.items())
        and not ("Collector" in application.used and _COLLECTED.match(name))
    )


@check("operations.alerts", effort="medium")
def alerts_when_users_are_hurt(monitoring: Monitoring, application: Application) -> Verdict:
    """Alert rules are complete, loaded, and ask for metrics that exist.

    An alert on a metric that nobody exports stays silent for ever, and nobody notices until it was needed. `for` keeps
    a single spike from waking people; `severity` says whether to wake them at all.

    Write at least three rules (down, failing, slow) with `expr`, `for` and `labels.severity`, list their file under
    `rule_files` of the Prometheus configuration, and export each metric that they name.
    """
    if (missing := _no_alerts(monitoring)) is not None:
        return missing
    wrong = [(a, why) for a in monitoring.alerts if (why := _incomplete(a, monitoring, application)) is not None]
    good = {a.name for a in monitoring.alerts} - {a.name for a, _ in wrong}
    if wrong:
        alert, why = wrong[0]
        return partial(
            Fraction(len(good), len(good) + len(wrong)), f"The alert {alert.name} {why}.", *(_at(a) for a, _ in wrong)
        )
    if len(good) < ALERTS:
        return partial(
            Fraction(len(good), ALERTS),
            "There are too few alerts.",
            *(_at(a) for a in monitoring.alerts),
            expected=f"{ALERTS}: down, failing, slow",
            actual=str(len(good)),
        )
    return passed("Alerts are complete and ask for what exists.", actual=f"{len(good)} alerts")


def _incomplete(alert: Alert, monitoring: Monitoring, application: Application) -> str | None:
    if not alert.expr.strip() or not balanced(alert.expr):
        return "has no valid expression"
    if not metrics_in(alert.expr):
        return "asks for no metric, so it fires always or never"
    if not _COMPARES.search(re.sub(r"\{[^}]*\}", "", alert.expr)):
        return "compares with nothing, so it fires always"
    if alert.duration is None or not _DURATION.match(alert.duration):
        return "has no `for`"
    if (alert.severity or "").lower() not in _SEVERITIES:
        return "has no severity such as critical or warning"
    if not monitoring.configured or (
        alert.path.rsplit("/", 1)[-1] not in monitoring.loaded and not any("*" in name for name in monitoring.loaded)
    ):
        return "is in a file that no Prometheus configuration loads"
    if unknown := _unknown_metrics(alert.expr, monitoring, application):
        return f"asks for {unknown[0]}, which nothing exports"
    return None


@check("operations.alert-runbooks", effort="medium")
def alerts_lead_to_runbooks(monitoring: Monitoring, documents: Documents) -> Verdict:
    """Every alert links a runbook that somebody can work by.

    Whoever is woken has one link to click. It must open a page that says what to look at and what to do, for this alert
    and not for alerts in general.

    Give each alert `annotations.runbook_url` that ends with `docs/runbooks/<alert>.md`, and write that page: symptoms,
    checks with commands, remedy.
    """
    if (missing := _no_alerts(monitoring)) is not None:
        return missing
    wrong: list[tuple[Alert, str]] = []
    books: set[str] = set()
    for alert in monitoring.alerts:
        if (path := _runbook(alert, documents)) is None:
            wrong.append((alert, "links no runbook" if not alert.runbook else "links a runbook that is not there"))
            continue
        books.add(path)
        document = documents.document(path)
        why = "is not Markdown" if document is None else stub(document)
        if why is not None:
            wrong.append((alert, f"links {path}, which {why}"))
    total = len(monitoring.alerts)
    if wrong:
        return partial(
            Fraction(total - len(wrong), total),
            f"The alert {wrong[0][0].name} {wrong[0][1]}.",
            *(_at(a) for a, _ in wrong),
        )
    if len(books) * 2 < total:
        return partial(
            Fraction(len(books), total),
            "Most alerts share a runbook.",
            *(_at(a) for a in monitoring.alerts),
            expected="one for each",
            actual=f"{len(books)} for {total} alerts",
        )
    return passed(
        "Every alert leads to a runbook.", *(_at(a) for a in monitoring.alerts), actual=f"{len(books)} runbooks"
    )


def _runbook(alert: Alert, documents: Documents) -> str | None:
    """Return the path in the repository that a runbook link ends with, or None."""
    target = (alert.runbook or "").split("#")[0].split("?")[0]
    parts = [p for p in target.split("/") if p]
    tails = ("/".join(parts[n:]) for n in range(len(parts)))
    return next((tail for tail in tails if tail in documents.paths), None)


@check("operations.alert-tests", effort="medium")
def alerts_are_tested(monitoring: Monitoring) -> Verdict:
    """Each alert has a test that sees it fire.

    An alert is code that runs once a year, at the worst moment. A misspelt label makes it silent, and only a test with
    made-up series can show it today.

    Write `alert_rule_test` cases for `promtool test rules`, with `exp_alerts` for the moment when it must fire.
    """
    if (missing := _no_alerts(monitoring)) is not None:
        return missing
    names = {a.name for a in monitoring.alerts}
    firing = {name for name, fires in monitoring.tested if fires}
    if untested := sorted(names - firing):
        places = (_at(a) for a in monitoring.alerts if a.name in untested)
        only_silent = untested[0] in {name for name, _ in monitoring.tested}
        text = "is only tested to stay silent" if only_silent else "has no test"
        return partial(Fraction(len(names) - len(untested), len(names)), f"The alert {untested[0]} {text}.", *places)
    return passed("Each alert is seen to fire.", actual=f"{len(names)} alerts")


@check("operations.dashboard", effort="medium")
def has_a_dashboard(monitoring: Monitoring, application: Application) -> Verdict:
    """A dashboard shows the application's own figures.

    After an alert comes the question "since when, and what else?". A panel whose metric nobody exports answers "No
    data", which looks like peace.

    Keep a Grafana dashboard as JSON in the repository, with panels for rate, errors, duration and what the project
    adds, and export each metric that it asks for.
    """
    if monitoring.problems:
        path, line, text = monitoring.problems[0]
        return failed(f"A monitoring file cannot be read: {text}.", Location(path, line))
    if not monitoring.panels:
        return failed("There is no dashboard with queries.", expected="a Grafana dashboard as JSON")
    empty: list[tuple[str, str]] = []
    for panel in monitoring.panels:
        asked = [name for query in panel.queries for name in _unknown_metrics(query, monitoring, application)]
        if asked:
            empty.append((panel.title, asked[0]))
        elif not any(metrics_in(query) for query in panel.queries):
            empty.append((panel.title, "no metric"))
    paths = sorted({Location(p.path) for p in monitoring.panels}, key=lambda place: place.path)
    good = len(monitoring.panels) - len(empty)
    if empty:
        title, name = empty[0]
        return partial(
            Fraction(good, len(monitoring.panels)),
            f"The panel “{title}” asks for {name}: nothing exports it.",
            *paths,
            actual=f"{len(empty)} of {len(monitoring.panels)} panels",
        )
    if good < PANELS:
        return partial(
            Fraction(good, PANELS),
            "The dashboard has too few panels.",
            *paths,
            expected=f"{PANELS} panels",
            actual=str(good),
        )
    return passed("The dashboard shows the application's own figures.", *paths, actual=f"{good} panels")
