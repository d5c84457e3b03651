"""The scorecard as one self-contained HTML page: no script, no request, readable on a phone and on paper.

The page is a Jinja template with autoescape; texts come to it already cleaned. A content security policy in the page
forbids everything but its own style, so that a mistake in escaping could still neither run nor load anything.
"""

from __future__ import annotations

import base64
import hashlib
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from checks.model import Finding, MetricResult, MilestoneScore, Scorecard, State, Status, percent, points
from checks.reports import words
from checks.reports.text import TITLE, clean, clean_path

_FILES = 250
_PLACES = 20
_GROUPS = {
    "technical": "Technical",
    "portfolio": "Portfolio",
    "application": "Job application",
    "progress": "Progress",
}
# Filters of the findings list: what it is called, and the states that it keeps.
_FILTERS = (
    ("all", "All", tuple(State)),
    ("repair", "To repair", (State.FAIL, State.PARTIAL, State.BLOCKED)),
    ("unknown", "Not yet known", (State.ERROR,)),
    ("passed", "Passed", (State.PASS,)),
    ("aside", "Not counted", (State.NOT_APPLICABLE, State.WAIVED)),
)


class _Part(NamedTuple):
    """A stretch of the scale: a milestone's points, and how much of them is earned or not yet known."""

    milestone: MilestoneScore
    width: str
    earned: str
    unknown: str
    label: str


def render(scorecard: Scorecard) -> str:
    """Return the page."""
    uncovered = words.worst_files(scorecard.coverage) if scorecard.coverage else ()
    style, template = _resources()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return template.render(
        card=scorecard,
        style=Markup(style),  # noqa: S704 - our own file, not text from a repository
        style_digest=digest,
        words=words,
        state=State,
        parts=_parts(scorecard),
        groups=words.groups(scorecard),
        filters=[(key, label, _filtered(scorecard, keep)) for key, label, keep in _FILTERS],
        metrics=_metrics(scorecard),
        met=sum(m.status is Status.MET for m in scorecard.metrics),
        complete=sum(bool(m.possible) and m.share == 1 for m in scorecard.milestones),
        files=uncovered[:_FILES],
        cut=len(uncovered[_FILES:]),
        whole=len(scorecard.coverage.files) - len(uncovered) if scorecard.coverage else 0,
        mark_sentence=words.mark_sentence(scorecard),
        places=_PLACES,
        title_limit=TITLE,
    )


@cache
def _resources() -> tuple[str, Template]:
    folder = Path(__file__).parent
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    filters: dict[str, Any] = {
        "clean": clean,
        "path": clean_path,
        "percent": percent,
        "points": points,
        "ranges": words.line_ranges,
        "place": words.place,
        "width": _width,
        "kind": _kind,
        "level": _level,
        "file_share": words.file_share,
        "uncovered": words.uncovered,
    }
    environment.filters.update(filters)
    style = (folder / "page.css").read_text("utf-8")
    return style, environment.from_string((folder / "page.html").read_text("utf-8"))


def _width(share: Fraction) -> str:
    """Return a share as a CSS length, rounded down."""
    return percent(share, 2).replace(" ", "")


def _kind(finding: Finding) -> str:
    """Return the filter that keeps a finding besides “all”."""
    return next(key for key, _, keep in _FILTERS[1:] if finding.verdict.state in keep)


def _level(share: Fraction) -> str:
    if share == 1:
        return "done"
    return "begun" if share else "open"


def _filtered(scorecard: Scorecard, keep: tuple[State, ...]) -> int:
    return sum(f.verdict.state in keep for f in scorecard.findings)


def _parts(scorecard: Scorecard) -> list[_Part]:
    found = []
    for milestone in scorecard.milestones:
        if not milestone.possible or not scorecard.possible:
            continue
        unknown = words.unknown_points((milestone,), scorecard) / milestone.possible
        label = f"{points(milestone.earned)} of {points(milestone.possible)} points"
        width = _width(milestone.possible / scorecard.possible)
        found.append(_Part(milestone, width, _width(milestone.share), _width(unknown), label))
    return found


def _metrics(scorecard: Scorecard) -> list[tuple[str, list[MetricResult]]]:
    found: dict[str, list[MetricResult]] = {}
    for metric in scorecard.metrics:
        found.setdefault(_GROUPS.get(metric.group, clean(metric.group, 40)), []).append(metric)
    return list(found.items())
