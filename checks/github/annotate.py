"""Failing checks at their places: as a check run's annotations, and as a workflow's commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.github import limits
from checks.model import Finding, Location, Scorecard, State, percent
from checks.reports import words
from checks.reports.markdown import render_markdown
from checks.reports.text import clean

NAME = "Scorecard"
_LEVELS = {State.FAIL: "failure", State.PARTIAL: "warning"}
_LAST_LINE = 2**31 - 1


def annotated(card: Scorecard) -> list[dict[str, Any]]:
    """Return what failed and where, the worst first, as GitHub's checks API takes it; one for each check."""
    found = []
    for finding, place in _placed(card):
        at = place.line or 1
        found.append(
            {
                "path": place.path,
                "start_line": at,
                "end_line": at,
                "annotation_level": "notice" if finding.advisory else _LEVELS[finding.verdict.state],
                "title": clean(finding.title, limits.TITLE),
                "message": _message(finding),
            }
        )
    return found[: limits.ALL_ANNOTATIONS]


def commands(card: Scorecard) -> list[str]:
    """Return the same as workflow commands, as many as a runner shows of one step."""
    lines = []
    counts: dict[str, int] = {}
    for finding, place in _placed(card):
        kind = "notice" if finding.advisory else "error" if finding.verdict.state is State.FAIL else "warning"
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= limits.COMMANDS:
            where = f"file={_property(place.path)},line={place.line or 1},title={_property(clean(finding.title, 120))}"
            lines.append(f"::{kind} {where}::{_data(_message(finding))}")
    return lines


def output(card: Scorecard, part: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a check run shows, with a part of the annotations: GitHub takes fifty at a time and adds them up."""
    title = f"{percent(card.score)}: {words.checks_sentence(card)}"
    return {"title": title, "summary": summary(card), "annotations": part[: limits.ANNOTATIONS]}


def summary(card: Scorecard) -> str:
    """Return the scorecard as a check run shows it."""
    return render_markdown(card, limit=limits.CHECK_TEXT)


def conclusion(passed: bool | None) -> str:
    """Return the check run's conclusion; without a bar to reach it judges nothing."""
    return "neutral" if passed is None else "success" if passed else "failure"


def _placed(card: Scorecard) -> Iterator[tuple[Finding, Location]]:
    for finding in words.by_urgency(card.findings):
        if finding.verdict.state in _LEVELS:
            place = next((at for at in finding.verdict.locations if _usable(at)), None)
            if place is not None:
                yield finding, place


def _usable(place: Location) -> bool:
    """Whether GitHub can show it, and it shows nothing but a place of this repository."""
    path = place.path
    inside = path and len(path) <= 1000 and not path.startswith("/") and ".." not in path.split("/")
    return bool(inside) and clean(path, 1000) == path and (place.line or 1) <= _LAST_LINE


def _message(finding: Finding) -> str:
    repair = finding.verdict.repair or finding.repair
    return f"{finding.id}: {words.blocked_sentence(finding)} {clean(repair)}"[: limits.MESSAGE]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
