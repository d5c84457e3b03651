"""Scorecards to report: a realistic one, an empty one, a perfect one, and one whose every text is an attack."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

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
    blocked,
    failed,
    not_applicable,
    partial,
    passed,
    unknown,
)

T = TypeVar("T")

HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x9b2J\x00\x07\x08 "
    "\u202etxt.exe\u2066 z\u200bw \ud800 <script>alert(1)</script><img src=x onerror=alert(2)> ]]> --> &amp; \" ' ` "
    "``` **bold** [a](http://evil.example) ![i](http://evil.example/i.png) @octocat #12 GH-7 www.evil.example "
    "https://evil.example a|b $x$ ~~s~~ [bold red]markup[/] {{ 7 * 7 }} ::error::x \r\n# heading\n"
    "::stop-commands::t\u2028" + "long " * 400
)


def finding(id: str, title: str, verdict: Verdict, effort: str = "small", *, advisory: bool = False) -> Finding:  # noqa: A002
    return Finding(
        id=id,
        title=title,
        explanation="What this protects on the job, in a sentence or two.\n\nAnd why it is worth the work.",
        repair=f"Repair {id}: change the one thing that the reason names, then run check again.",
        effort=Effort(effort),
        verdict=verdict,
        advisory=advisory,
    )


def findings() -> tuple[Finding, ...]:
    at = Location
    return (
        finding(
            "acceptance.m1.boots", "Every process of the Procfile boots", passed("4 of 4 processes answered in 3.1 s")
        ),
        finding("acceptance.m1.tokens", "Tokens are issued, verified and refused", passed("11 of 11 scenarios passed")),
        finding("acceptance.m2.sources", "Sources are validated by type", passed("9 of 9 scenarios passed")),
        finding(
            "acceptance.m3.ingest",
            "An upload becomes a job with counts",
            partial(
                Fraction(7, 9),
                "7 of 9 scenarios passed; a 21 MiB file answers 500 instead of 413",
                at("src/data_platform/api/routers/imports.py", 88),
                expected="413",
                actual="500",
            ),
            "medium",
        ),
        finding(
            "acceptance.m4.reconcile",
            "Rows and sums reconcile to the cent",
            failed(
                "The sum of the cleaned sales is 0.02 lower than that of the file",
                at("src/data_platform/pipeline/clean.py", 41),
                at("src/data_platform/pipeline/load.py", 112),
                expected="18,204.55",
                actual="18,204.53",
                repair="Use Decimal from the first parse on: line 41 goes through float.",
            ),
            "medium",
        ),
        finding("acceptance.m5.analytics", "Analytics answer within 2 seconds", passed("slowest answer 0.41 s")),
        finding(
            "acceptance.m6.reports",
            "A finished report is served as CSV and HTML",
            blocked("The worker did not start a report job", by="acceptance.m3.ingest"),
            "large",
        ),
        finding(
            "coverage.lines",
            "90 % of all lines are covered",
            failed(
                "1,306 of 1,489 lines are covered",
                at("src/data_platform/worker/tasks.py", 44),
                expected="≥ 90 %",
                actual="87.7 %",
            ),
            "medium",
        ),
        finding("tests.pass", "Every test passes", passed("214 tests passed")),
        finding(
            "tests.planted-bugs",
            "The suite notices planted bugs",
            partial(
                Fraction(31, 40),
                "31 of 40 planted bugs were noticed",
                at("src/data_platform/pipeline/rfm.py", 27),
                expected="≥ 80 %",
                actual="77.5 %",
            ),
            "large",
        ),
        finding("ci.runs-tests", "A push runs the tests", passed("job test in ci.yml runs bin/test")),
        finding(
            "ci.pinned-actions",
            "Actions are pinned by full commit",
            failed(
                "2 of 11 actions are named by a tag",
                at(".github/workflows/ci.yml", 31),
                at(".github/workflows/deploy.yml", 58),
                expected="a 40-digit commit",
                actual="@v4",
            ),
        ),
        finding("docker.non-root", "The image runs as an unprivileged user", passed("USER app in the last stage")),
        finding("docker.builds", "The image builds", unknown("No container tool was found on this machine"), "medium"),
        finding(
            "deploy.environment",
            "Production deploys pass through an environment",
            unknown("No token: the forge was not asked"),
        ),
        finding("infrastructure.mongodb", "MongoDB runs as a replica set", not_applicable("No MongoDB here")),
        finding(
            "operations.runbooks",
            "Each alert names a runbook",
            Verdict(State.WAIVED, "Waived until 2026-12-31 by the instructor: runbooks are graded in week 8"),
        ),
        finding(
            "history.spread",
            "Work is spread over several days",
            failed("38 of 41 commits were made on one day"),
            advisory=True,
        ),
    )


def milestones(found: tuple[Finding, ...]) -> tuple[MilestoneScore, ...]:
    plan = (
        ("m1", "Foundations", 3, 16, {"acceptance.m1.boots": 3, "acceptance.m1.tokens": 4, "docker.non-root": 1}),
        ("m2", "Sources and schema", 3, 10, {"acceptance.m2.sources": 3}),
        ("m3", "Ingestion", 3, 14, {"acceptance.m3.ingest": 4}),
        ("m4", "Validation and cleaning", 3, 14, {"acceptance.m4.reconcile": 4}),
        ("m5", "Analytics", 4, 12, {"acceptance.m5.analytics": 3, "infrastructure.mongodb": 1}),
        ("m6", "Reporting and visualisation", 4, 8, {"acceptance.m6.reports": 2}),
        ("m9", "Quality", 4, 16, {"tests.pass": 1, "coverage.lines": 2, "tests.planted-bugs": 3}),
        (
            "m10",
            "Ship",
            4,
            10,
            {
                "ci.runs-tests": 2,
                "ci.pinned-actions": 1,
                "docker.builds": 2,
                "deploy.environment": 1,
                "operations.runbooks": 1,
            },
        ),
    )
    verdicts = {f.id: f.verdict for f in found}
    result = []
    for id_, title, week, total, weights in plan:
        known = {i: w for i, w in weights.items() if i in verdicts}
        weight = sum(w for i, w in known.items() if verdicts[i].state.counts)
        checks = []
        for check, own in known.items():
            possible = Fraction(total * own, weight) if weight and verdicts[check].state.counts else Fraction(0)
            checks.append(ScoredCheck(check, own, possible, possible * verdicts[check].credit))
        result.append(
            MilestoneScore(
                id_,
                title,
                week,
                f"docs/milestones/{id_}.md",
                f"2026-12-{6 + 7 * (week - 3):02d}",
                Fraction(total if weight else 0),
                sum((c.earned for c in checks), Fraction(0)),
                tuple(checks),
            )
        )
    return tuple(result)


def next_steps(found: tuple[Finding, ...], scores: tuple[MilestoneScore, ...]) -> tuple[NextStep, ...]:
    by_id = {f.id: f for f in found}
    steps = [
        NextStep(
            f.id,
            f.title,
            m.id,
            c.possible - c.earned,
            f.effort,
            f.verdict.repair or f.repair,
            f.verdict.locations[0] if f.verdict.locations else None,
        )
        for m in scores
        for c in m.checks
        if (f := by_id[c.id]).verdict.state in (State.FAIL, State.PARTIAL, State.BLOCKED)
    ]
    return tuple(sorted(steps, key=lambda s: (-s.gain / s.effort.cost, s.check_id)))


COVERAGE = CoverageSummary(
    covered=1306,
    total=1489,
    excluded=12,
    allowance=14,
    files=(
        FileCoverage("src/data_platform/api/app.py", 92, 90, (14, 15)),
        FileCoverage("src/data_platform/api/routers/imports.py", 148, 131, (*range(88, 96), 101, *range(120, 128))),
        FileCoverage("src/data_platform/config.py", 61, 61),
        FileCoverage("src/data_platform/pipeline/clean.py", 204, 191, (41, 42, *range(97, 108))),
        FileCoverage("src/data_platform/pipeline/rfm.py", 88, 79, tuple(range(27, 36)), (60, 61)),
        FileCoverage("src/data_platform/pipeline/load.py", 310, 287, tuple(range(200, 246, 2))),
        FileCoverage("src/data_platform/warehouse/models.py", 402, 402),
        FileCoverage(
            "src/data_platform/worker/tasks.py", 136, 65, (*range(44, 110), *range(120, 125)), tuple(range(1, 11))
        ),
        FileCoverage("src/data_platform/worker/legacy_sync.py", 48, 0, tuple(range(1, 49)), measured=False),
    ),
)


WORKFLOW = WorkflowRun(
    "octo/shop", "refs/pull/3/merge", "4" * 40, ".github/workflows/grade.yml", "d" * 64, 123_456_789, 1
)
ORIGINALITY = OriginalitySummary(
    starter=12_341,
    reference=310,
    own=23_902,
    solution=30_118,
    files=(
        FileOrigin("src/data_platform/pipeline/rfm.py", 40, 212, 590, 31),
        FileOrigin("src/data_platform/api/auth.py", 21, 98, 105, 12),
    ),
)


def scorecard(**changes: Any) -> Scorecard:
    """A grading in the middle of the project, with every state, both dates, tests and coverage."""
    found = findings()
    scores = milestones(found)
    card = Scorecard(
        project="project2",
        project_title="Data processing platform",
        subject=Subject(
            "ada-sales-platform", "4f2c1e98b7a6d5c4e3f2a1b0c9d8e7f6a5b4c3d2", "main", "sha256:9a0b7c6d5e4f", 2, 188
        ),
        graded_at="2026-12-11T16:42:07Z",
        grader_version="0.1.0",
        assurance=Assurance.SELF,
        earned=sum((m.earned for m in scores), Fraction(0)),
        possible=sum((m.possible for m in scores), Fraction(0)),
        milestones=scores,
        metrics=(
            MetricResult(
                "technical.coverage",
                "Comprehensive testing, 90 %+ coverage",
                "technical",
                Status.NOT_MET,
                "coverage.lines failed: 87.7 %",
            ),
            MetricResult(
                "technical.aws",
                "Deployed to AWS with monitoring",
                "technical",
                Status.UNKNOWN,
                "The forge was not asked",
            ),
            MetricResult(
                "portfolio.data-pipeline",
                "1 data processing pipeline",
                "portfolio",
                Status.MET,
                "Every acceptance scenario of the pipeline ran",
            ),
            MetricResult(
                "portfolio.cicd",
                "All applications deployed with CI/CD",
                "portfolio",
                Status.UNKNOWN,
                "Not measurable from one repository",
            ),
            MetricResult(
                "application.offers",
                "2+ job offers",
                "application",
                Status.UNKNOWN,
                "Not measurable from one repository",
            ),
            MetricResult(
                "progress.milestones",
                "Project milestones tracked",
                "progress",
                Status.MET,
                "10 milestones are published",
            ),
        ),
        findings=found,
        next_steps=next_steps(found, scores),
        tests=SuiteSummary(214, 0, 0, 3, 12.34, ("tests",)),
        coverage=COVERAGE,
        originality=ORIGINALITY,
        workflow=WORKFLOW,
        notes=(
            "The repository's code ran in bubblewrap, without network.",
            "Python 3.13.1, environment built from requirements/dev.txt.",
            "PostgreSQL 18.6 and Valkey 9.1 were started for this run only.",
            "Not run: image build (no container tool on this machine).",
        ),
        seconds=48.2,
    )
    return card._replace(**changes)


def empty() -> Scorecard:
    """An empty repository: nothing applies, nothing was run."""
    return scorecard(
        subject=Subject("nothing", None, None, "sha256:0", 0, 0),
        earned=Fraction(0),
        possible=Fraction(0),
        milestones=(),
        metrics=(),
        findings=(),
        next_steps=(),
        tests=None,
        coverage=None,
        originality=None,
        workflow=None,
        notes=(),
    )


def perfect() -> Scorecard:
    """The reference solution: everything earned, everything known."""
    found = tuple(f._replace(verdict=passed("as it should be")) for f in findings())
    scores = milestones(found)
    whole = sum((m.possible for m in scores), Fraction(0))
    metrics = tuple(m._replace(status=Status.MET) for m in scorecard().metrics)
    lines = CoverageSummary(61, 61, 0, 0, (FileCoverage("src/data_platform/config.py", 61, 61),))
    return scorecard(
        findings=found,
        milestones=scores,
        earned=whole,
        possible=whole,
        next_steps=(),
        metrics=metrics,
        coverage=lines,
        assurance=Assurance.ATTESTED,
        cached=True,
    )


def copied() -> Scorecard:
    """A repository that earned everything with code of the reference."""
    found = OriginalitySummary(12_341, 28_400, 2_010, 30_118, (FileOrigin("src/main.py", 0, 28_400, 2_010, 3),))
    return perfect()._replace(originality=found)


def hostile(text: str = HOSTILE) -> Scorecard:
    """The realistic scorecard with `text` after whatever text it holds, so that ids stay different."""
    return _poisoned(scorecard(), text)


def large(files: int = 20_000, checks: int = 300) -> Scorecard:
    """Many files and many findings, to see that reports stay readable and quick."""
    covered = tuple(
        FileCoverage(f"src/part{i % 97}/module_{i}.py", 40, 30, tuple(range(5, 25, 2))) for i in range(files)
    )
    found = tuple(
        finding(f"family{i % 12}.check-{i}", f"Check number {i}", failed(f"reason {i}", Location(f"a/{i}.py", 1)))
        for i in range(checks)
    )
    return scorecard(findings=found, coverage=CoverageSummary(30 * files, 40 * files, 0, 0, covered))


def _poisoned(value: T, text: str) -> T:
    if isinstance(value, StrEnum):
        return value
    if isinstance(value, str):
        return f"{value} {text}"  # type: ignore[return-value]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = zip(value._fields, value, strict=True)
        kept = {"graded_at"}
        return value._replace(**{n: _poisoned(v, text) for n, v in parts if n not in kept})  # type: ignore[attr-defined,no-any-return]
    if isinstance(value, tuple):
        return tuple(_poisoned(item, text) for item in value)  # type: ignore[return-value]
    return value
