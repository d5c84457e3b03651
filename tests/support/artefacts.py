"""Scorecards as a grade workflow uploads them, of a project's real plan, and the archives around them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from checks import catalogue, scoring
from checks.grading import acceptance_checks, plan
from checks.identity import GRADE, expected_digest
from checks.model import (
    Assurance,
    CoverageSummary,
    FileCoverage,
    Scorecard,
    Subject,
    Verdict,
    WorkflowRun,
    failed,
    passed,
)
from checks.reports import document
from scaffolder.projects import Project, find_project

SHA = "c" * 40
PROJECT = find_project("project2")


def coverage(covered: int = 90) -> CoverageSummary:
    missing = tuple(range(covered + 1, 101))
    return CoverageSummary(covered, 100, 0, 2, (FileCoverage("src/app.py", 100, covered, missing),))


def card(
    verdicts: Mapping[str, Verdict] | None = None,
    *,
    sha: str = SHA,
    run: int = 9,
    project: Project = PROJECT,
    default: Verdict | None = None,
    **changes: Any,
) -> Scorecard:
    """Return what `check` would upload when every check but `verdicts` ends like `default`."""
    known = {**catalogue.checks(), **acceptance_checks(project)}
    milestones = plan(project)
    given = {id_: default or passed("as it should be") for id_ in known} | dict(verdicts or {})
    found = scoring.findings(milestones, known, given)
    scored = scoring.score(milestones, found)
    return Scorecard(
        project=project.id,
        project_title=project.title,
        subject=Subject("shop", sha, "topic", "digest", 0, 3),
        graded_at="2026-11-20T12:00:00Z",
        grader_version="0.1.0",
        assurance=Assurance.CI,
        earned=sum((m.earned for m in scored), Fraction(0)),
        possible=sum((m.possible for m in scored), Fraction(0)),
        milestones=scored,
        metrics=(),
        findings=found,
        next_steps=scoring.next_steps(scored, found),
        coverage=coverage(),
        workflow=WorkflowRun("octo/shop", "refs/pull/1/merge", sha, GRADE, expected_digest(project) or "", run, 1),
    )._replace(**changes)


BAD = failed("It is not there.")


def text(scorecard: Scorecard) -> bytes:
    return document.render(scorecard).encode()


def changed(change: Any, scorecard: Scorecard | None = None) -> bytes:
    """Return a document after `change` did something to its values."""
    data = json.loads(text(scorecard or card()))
    change(data)
    return json.dumps(data).encode()


def packed(content: bytes, name: str = "scorecard.json", **more: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        for other, data in more.items():
            archive.writestr(other, data)
    return stream.getvalue()
