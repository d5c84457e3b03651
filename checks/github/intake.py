"""An artefact from an untrusted job becomes a scorecard of ours, or a refusal in our own words.

Nothing in it is believed but the verdicts: what they are worth, what the checks are called and what repairs them is
the grader's own, and so is every sum.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from datetime import date
from fractions import Fraction

from checks import catalogue, scoring
from checks.github import limits
from checks.grading import acceptance_checks, plan
from checks.model import Assurance, CoverageSummary, Scorecard, State, Verdict
from checks.reports import document
from scaffolder.projects import Project

FILE = "scorecard.json"


class Rejected(Exception):
    """The artefact is not a scorecard of this commit; the text says why and repeats nothing of it."""


def unpack(archive: bytes) -> bytes:
    """Return the scorecard's file from a zipped artefact.

    Raises Rejected unless the archive is one ordinary file of that name, within the limits.
    """
    if len(archive) > limits.ARCHIVE:
        raise Rejected("the artefact is too large")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = opened.infolist()
            if [entry.filename for entry in entries] != [FILE] or entries[0].orig_filename != FILE:
                raise Rejected(f"the artefact holds something else than one {FILE}")
            entry = entries[0]
            if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Rejected("the artefact is packed in a way that no runner uses")
            with opened.open(entry) as stream:
                content = stream.read(limits.DOCUMENT + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        ValueError,
        RuntimeError,
    ) as problem:
        raise Rejected("the artefact is no intact archive") from problem
    if len(content) > limits.DOCUMENT or len(content) > limits.EXPANSION * max(len(archive), 10_000):
        raise Rejected("the scorecard in the artefact is too large")
    return content


def accept(content: bytes, commit: str) -> Scorecard:
    """Return the scorecard of a document that must be one of the whole, clean `commit`.

    Raises Rejected when it is not.
    """
    try:
        text = content.decode("utf-8")
        card = document.loads(text)
    except (UnicodeDecodeError, document.ScorecardFormatError) as problem:
        if _failure(content):
            raise Rejected("the grader itself failed; the log of the run says why") from problem
        raise Rejected("the artefact is no scorecard of this version") from problem
    _fits_schema(text)
    if card.subject.commit != commit:
        raise Rejected("the scorecard is of another commit")
    if card.subject.dirty:
        raise Rejected("the scorecard is of files that differ from the commit")
    for finding in card.findings:
        _coherent(finding.verdict)
    if card.coverage is not None:
        _adds_up(card.coverage)
    return card


def _fits_schema(text: str) -> None:
    import jsonschema_rs

    if not jsonschema_rs.Draft202012Validator(document.schema()).is_valid(json.loads(text)):
        raise Rejected("the artefact does not fit the published schema")


def _failure(content: bytes) -> bool:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and isinstance(data.get("failure"), dict)


def _coherent(verdict: Verdict) -> None:
    """A state and its credit belong together; nobody waives in a learner's repository."""
    right = {State.PASS: verdict.credit == 1, State.PARTIAL: 0 < verdict.credit < 1, State.WAIVED: False}
    if not right.get(verdict.state, verdict.credit == 0):
        raise Rejected("a verdict of the scorecard contradicts itself")


def _adds_up(coverage: CoverageSummary) -> None:
    executable = sum(file.executable for file in coverage.files)
    covered = sum(file.covered for file in coverage.files)
    if coverage.covered != covered or not executable - coverage.allowance <= coverage.total <= executable:
        raise Rejected("the coverage of the scorecard does not add up")


def rescore(card: Scorecard, name: str, project: Project) -> Scorecard:
    """Return the scorecard with everything but its measurements made anew: texts, points, metrics, next steps.

    `name` is what the repository is called. Verdicts on checks that nobody here knows are left out.
    """
    known = {**catalogue.checks(), **acceptance_checks(project)}
    said = {milestone.id: milestone.due for milestone in card.milestones}
    milestones = plan(project, {m.id: due for m in project.milestones if (due := _day(said.get(m.id)))})
    wanted = known.keys() | {check.id for milestone in milestones for check in milestone.checks}
    results = scoring.findings(milestones, known, {f.id: f.verdict for f in card.findings if f.id in wanted})
    scored = scoring.score(milestones, results)
    metrics = (scoring.PlannedMetric(m.id, m.title, m.group, m.checks) for m in project.metrics)
    return card._replace(
        project=project.id,
        project_title=project.title,
        subject=card.subject._replace(name=name, branch=None),
        assurance=Assurance.SELF,
        earned=sum((m.earned for m in scored), Fraction(0)),
        possible=sum((m.possible for m in scored), Fraction(0)),
        milestones=scored,
        metrics=scoring.measure(metrics, results),
        findings=results,
        next_steps=scoring.next_steps(scored, results),
    )


def _day(text: str | None) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        return None
