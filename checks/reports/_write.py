"""A scorecard as JSON values: the writing half of `checks.reports.document`."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from checks.model import (
    CoverageSummary,
    Finding,
    Location,
    MilestoneScore,
    OriginalitySummary,
    Scorecard,
    SuiteSummary,
    WorkflowRun,
)

VERSION = 1


def to_document(scorecard: Scorecard) -> dict[str, Any]:
    """Return the scorecard as JSON values."""
    measured, scored = scorecard.measured
    return {
        "schema": VERSION,
        "project": {"id": scorecard.project, "title": scorecard.project_title},
        "subject": {
            "name": scorecard.subject.name,
            "commit": scorecard.subject.commit,
            "branch": scorecard.subject.branch,
            "digest": scorecard.subject.digest,
            "dirty": scorecard.subject.dirty,
            "files": scorecard.subject.files,
        },
        "graded_at": scorecard.graded_at,
        "grader_version": scorecard.grader_version,
        "assurance": scorecard.assurance.value,
        "score": {
            **_points(scorecard.earned, scorecard.possible),
            "provisional": scorecard.provisional,
            "measured_checks": measured,
            "scored_checks": scored,
        },
        "milestones": [_milestone(m) for m in scorecard.milestones],
        "metrics": [
            {"id": m.id, "title": m.title, "group": m.group, "status": m.status.value, "reason": m.reason}
            for m in scorecard.metrics
        ],
        "findings": [_finding(f) for f in scorecard.findings],
        "next_steps": [
            {
                "check": s.check_id,
                "title": s.title,
                "milestone": s.milestone,
                "gain": _exact(s.gain),
                "points": _floored(s.gain, 10),
                "effort": s.effort.value,
                "repair": s.repair,
                "location": None if s.location is None else _location(s.location),
            }
            for s in scorecard.next_steps
        ],
        "tests": None if scorecard.tests is None else _tests(scorecard.tests),
        "coverage": None if scorecard.coverage is None else _coverage(scorecard.coverage),
        "originality": None if scorecard.originality is None else _originality(scorecard.originality),
        "workflow": None if scorecard.workflow is None else _workflow(scorecard.workflow),
        "notes": list(scorecard.notes),
        "seconds": scorecard.seconds,
        "cached": scorecard.cached,
    }


def _exact(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _floored(value: Fraction, scale: int) -> float:
    return math.floor(value * scale) / 10


def _points(earned: Fraction, possible: Fraction) -> dict[str, Any]:
    share = earned / possible if possible else Fraction(0)
    return {
        "earned": _exact(earned),
        "possible": _exact(possible),
        "points": _floored(earned, 10),
        "percent": _floored(share, 1000),
    }


def _location(location: Location) -> dict[str, Any]:
    return {"path": location.path, "line": location.line}


def _milestone(milestone: MilestoneScore) -> dict[str, Any]:
    return {
        "id": milestone.id,
        "title": milestone.title,
        "week": milestone.week,
        "docs": milestone.docs,
        "due": milestone.due,
        **_points(milestone.earned, milestone.possible),
        "checks": [
            {"id": c.id, "weight": c.weight, "earned": _exact(c.earned), "possible": _exact(c.possible)}
            for c in milestone.checks
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    verdict = finding.verdict
    return {
        "id": finding.id,
        "title": finding.title,
        "explanation": finding.explanation,
        "repair": finding.repair,
        "effort": finding.effort.value,
        "advisory": finding.advisory,
        "verdict": {
            "state": verdict.state.value,
            "reason": verdict.reason,
            "credit": _exact(verdict.credit),
            "locations": [_location(at) for at in verdict.locations],
            "expected": verdict.expected,
            "actual": verdict.actual,
            "repair": verdict.repair,
            "blocked_by": verdict.blocked_by,
            "internal": verdict.internal,
        },
    }


def _tests(tests: SuiteSummary) -> dict[str, Any]:
    return {
        "passed": tests.passed,
        "failed": tests.failed,
        "errors": tests.errors,
        "skipped": tests.skipped,
        "seconds": tests.seconds,
        "suites": list(tests.suites),
    }


def _coverage(coverage: CoverageSummary) -> dict[str, Any]:
    return {
        "covered": coverage.covered,
        "total": coverage.total,
        "percent": _floored(coverage.share, 1000),
        "excluded": coverage.excluded,
        "allowance": coverage.allowance,
        "files": [
            {
                "path": f.path,
                "executable": f.executable,
                "covered": f.covered,
                "missing": list(f.missing),
                "excluded": list(f.excluded),
                "measured": f.measured,
            }
            for f in coverage.files
        ],
    }


def _originality(found: OriginalitySummary) -> dict[str, Any]:
    tokens = {"starter": found.starter, "reference": found.reference, "own": found.own}
    return {
        **tokens,
        "solution": found.solution,
        "shares": {name: _share(found.share(value)) for name, value in tokens.items()},
        "copied": _share(found.copied),
        "contained": _share(found.contained),
        "largely_reference": found.largely_reference,
        "files": [
            {"path": f.path, "starter": f.starter, "reference": f.reference, "own": f.own, "line": f.line}
            for f in found.files
        ],
    }


def _workflow(run: WorkflowRun) -> dict[str, Any]:
    return {
        "repository": run.repository,
        "ref": run.ref,
        "sha": run.sha,
        "path": run.path,
        "digest": run.digest,
        "run_id": run.run_id,
        "attempt": run.attempt,
    }


def _share(share: Fraction) -> dict[str, Any]:
    return {"exact": _exact(share), "percent": _floored(share, 1000)}
