"""A scorecard from JSON values: the reading half of `checks.reports.document`."""

from __future__ import annotations

from fractions import Fraction

from checks.model import (
    Assurance,
    CoverageSummary,
    Effort,
    FileCoverage,
    FileOrigin,
    Finding,
    Location,
    MetricResult,
    MilestoneScore,
    NextStep,
    OriginalitySummary,
    Scorecard,
    ScoredCheck,
    State,
    Status,
    Subject,
    SuiteSummary,
    Verdict,
    WorkflowRun,
)
from checks.reports._node import Node


def read_scorecard(root: Node) -> Scorecard:
    """Return the scorecard of a document; raises ScorecardFormatError where a value is not of its type.

    Does not compare what follows from other values: `checks.reports.document.from_document` does.
    """
    earned, possible = _read_points(root["score"])
    return Scorecard(
        project=root["project"]["id"].text(),
        project_title=root["project"]["title"].text(),
        subject=_read_subject(root["subject"]),
        graded_at=root["graded_at"].time(),
        grader_version=root["grader_version"].text(),
        assurance=root["assurance"].choice(Assurance),
        earned=earned,
        possible=possible,
        milestones=root["milestones"].each(_read_milestone),
        metrics=root["metrics"].each(_read_metric),
        findings=root["findings"].each(_read_finding),
        next_steps=root["next_steps"].each(_read_step),
        tests=root["tests"].optional(_read_tests),
        coverage=root["coverage"].optional(_read_coverage),
        originality=root["originality"].optional(_read_originality),
        workflow=root["workflow"].optional(_read_workflow),
        notes=root["notes"].each(Node.text),
        seconds=root["seconds"].number(),
        cached=root["cached"].boolean(),
    )


def _read_points(node: Node) -> tuple[Fraction, Fraction]:
    earned, possible = node["earned"].fraction(), node["possible"].fraction()
    if earned > possible:
        node["earned"].refuse("is more than possible")
    return earned, possible


def _read_subject(node: Node) -> Subject:
    return Subject(
        name=node["name"].text(),
        commit=node["commit"].optional(Node.text),
        branch=node["branch"].optional(Node.text),
        digest=node["digest"].text(),
        dirty=node["dirty"].integer(),
        files=node["files"].integer(),
    )


def _read_milestone(node: Node) -> MilestoneScore:
    earned, possible = _read_points(node)
    return MilestoneScore(
        id=node["id"].text(),
        title=node["title"].text(),
        week=node["week"].integer(),
        docs=node["docs"].text(),
        due=node["due"].optional(Node.text),
        possible=possible,
        earned=earned,
        checks=node["checks"].each(_read_scored),
    )


def _read_scored(node: Node) -> ScoredCheck:
    earned, possible = _read_points(node)
    return ScoredCheck(node["id"].text(), node["weight"].integer(), possible, earned)


def _read_metric(node: Node) -> MetricResult:
    return MetricResult(
        id=node["id"].text(),
        title=node["title"].text(),
        group=node["group"].text(),
        status=node["status"].choice(Status),
        reason=node["reason"].text(),
    )


def _read_location(node: Node) -> Location:
    return Location(node["path"].text(), node["line"].optional(Node.line))


def _read_finding(node: Node) -> Finding:
    return Finding(
        id=node["id"].text(),
        title=node["title"].text(),
        explanation=node["explanation"].text(),
        repair=node["repair"].text(),
        effort=node["effort"].choice(Effort),
        verdict=_read_verdict(node["verdict"]),
        advisory=node["advisory"].boolean(),
    )


def _read_verdict(node: Node) -> Verdict:
    credit = node["credit"].fraction()
    if credit > 1:
        node["credit"].refuse("is more than 1")
    return Verdict(
        state=node["state"].choice(State),
        reason=node["reason"].text(),
        credit=credit,
        locations=node["locations"].each(_read_location),
        expected=node["expected"].optional(Node.text),
        actual=node["actual"].optional(Node.text),
        repair=node["repair"].optional(Node.text),
        blocked_by=node["blocked_by"].optional(Node.text),
        internal=node["internal"].boolean(),
    )


def _read_step(node: Node) -> NextStep:
    return NextStep(
        check_id=node["check"].text(),
        title=node["title"].text(),
        milestone=node["milestone"].text(),
        gain=node["gain"].fraction(),
        effort=node["effort"].choice(Effort),
        repair=node["repair"].text(),
        location=node["location"].optional(_read_location),
    )


def _read_tests(node: Node) -> SuiteSummary:
    return SuiteSummary(
        passed=node["passed"].integer(),
        failed=node["failed"].integer(),
        errors=node["errors"].integer(),
        skipped=node["skipped"].integer(),
        seconds=node["seconds"].number(),
        suites=node["suites"].each(Node.text),
    )


def _read_coverage(node: Node) -> CoverageSummary:
    covered, total = node["covered"].integer(), node["total"].integer()
    if covered > total:
        node["covered"].refuse("is more than total")
    return CoverageSummary(
        covered=covered,
        total=total,
        excluded=node["excluded"].integer(),
        allowance=node["allowance"].integer(),
        files=node["files"].each(_read_file),
    )


def _read_file(node: Node) -> FileCoverage:
    executable, covered = node["executable"].integer(), node["covered"].integer()
    if covered > executable:
        node["covered"].refuse("is more than executable")
    return FileCoverage(
        path=node["path"].text(),
        executable=executable,
        covered=covered,
        missing=node["missing"].each(Node.line),
        excluded=node["excluded"].each(Node.line),
        measured=node["measured"].boolean(),
    )


def _read_originality(node: Node) -> OriginalitySummary:
    reference, files = node["reference"].integer(), node["files"].each(_read_origin)
    if sum(file.reference for file in files) != reference:
        node["reference"].refuse("is not the sum of the files")
    return OriginalitySummary(
        starter=node["starter"].integer(),
        reference=reference,
        own=node["own"].integer(),
        solution=node["solution"].integer(),
        files=files,
    )


def _read_origin(node: Node) -> FileOrigin:
    return FileOrigin(
        path=node["path"].text(),
        starter=node["starter"].integer(),
        reference=node["reference"].integer(),
        own=node["own"].integer(),
        line=node["line"].optional(Node.line),
    )


def _read_workflow(node: Node) -> WorkflowRun:
    return WorkflowRun(
        repository=node["repository"].text(),
        ref=node["ref"].text(),
        sha=node["sha"].text(),
        path=node["path"].text(),
        digest=node["digest"].text(),
        run_id=node["run_id"].integer(),
        attempt=node["attempt"].integer(),
    )
