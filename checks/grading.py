"""The straight line: repository → evidence → verdicts → scorecard."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from checks import cache, catalogue, scoring
from checks.engine import HeadStart, Progress, judge
from checks.model import (
    Assurance,
    Check,
    CoverageSummary,
    Finding,
    OriginalitySummary,
    Scorecard,
    State,
    Subject,
    SuiteSummary,
    Verdict,
)
from checks.repository import Repository
from checks.session import Limits, Session
from scaffolder import __version__
from scaffolder.projects import PROJECT_FILE, Project

ACCEPTANCE = "acceptance."
FORGE = "forge."
SCORECARDS = "scorecards"  # their folder in the cache
# What could not be had (a registry, the network) may be had soon: for so long a provisional scorecard is kept.
PROVISIONAL_SECONDS = 600


class UnknownSelection(Exception):
    """`only` names no milestone, family or check; the text suggests one."""


class Options(NamedTuple):
    """What a grading is asked to do.

    `static` executes nothing of the repository. `only` restricts it to milestones, families or check ids. `isolation`
    is ``auto``, ``none`` or ``require``. `cache` is the folder that outlives gradings; `fresh` ignores what it holds.
    """

    cache: Path
    static: bool = False
    only: tuple[str, ...] = ()
    isolation: str = "auto"
    fresh: bool = False
    acceptance: Path | None = None
    urls: Mapping[str, str] = MappingProxyType({})
    limits: Limits = Limits()


def plan(project: Project, dues: Mapping[str, str] | None = None) -> tuple[scoring.PlannedMilestone, ...]:
    """Return the project's milestones as scoring wants them; `dues` holds due dates (ISO 8601) by milestone id."""
    return tuple(
        scoring.PlannedMilestone(
            id=m.id,
            title=m.title,
            week=m.week,
            docs=m.docs,
            due=(dues or {}).get(m.id),
            points=m.points,
            checks=tuple(scoring.Weighted(c.id, c.weight, c.title) for c in m.checks),
        )
        for m in project.milestones
    )


def select(
    milestones: Sequence[scoring.PlannedMilestone], known: Mapping[str, Check], only: Sequence[str]
) -> tuple[tuple[scoring.PlannedMilestone, ...], dict[str, Check]]:
    """Return the milestones and rules that `only` names: milestone ids, families or check ids; all when it is empty.

    Raises UnknownSelection for a name that fits nothing.
    """
    if not only:
        return tuple(milestones), dict(known)
    planned = {c.id for m in milestones for c in m.checks}
    wanted: set[str] = set()
    for name in only:
        found = {c.id for m in milestones if m.id == name for c in m.checks}
        found |= {id_ for id_ in planned | known.keys() if id_ == name or id_.startswith(f"{name}.")}
        if not found:
            raise UnknownSelection(_suggest(name, [m.id for m in milestones], sorted(planned | known.keys())))
        wanted |= found
    kept = (m._replace(checks=tuple(c for c in m.checks if c.id in wanted)) for m in milestones)
    return tuple(m for m in kept if m.checks), {id_: rule for id_, rule in known.items() if id_ in wanted}


def _suggest(name: str, milestones: Sequence[str], ids: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, [*milestones, *ids, *{i.split(".")[0] for i in ids}], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"--only {name}: there is no such milestone, family or check.{hint} `check --list` shows them all."


def grade(
    repository: Repository,
    project: Project,
    options: Options,
    *,
    why: str = "",
    dues: Mapping[str, str] | None = None,
    progress: Progress = lambda _label, _done: None,
    ahead: HeadStart | None = None,
) -> Scorecard:
    """Grade a repository as `project`; `why` tells how the project was found, `ahead` what already reads it.

    An unchanged repository is answered from `options.cache` and marked so.

    Raises UnknownSelection for a name in `options.only` that fits nothing, and OSError when no temporary folder can
    be made. What goes wrong inside the repository is a verdict, never an exception.
    """
    started = time.monotonic()
    name = cache.key(repository, _settings(options, dues), *_described_by(project, options))
    kept = None if options.fresh or options.urls else _kept(options.cache / SCORECARDS, name, static=options.static)
    if kept is not None:
        return kept._replace(cached=True, seconds=time.monotonic() - started)
    known = {**catalogue.checks(), **acceptance_checks(project, options.acceptance)}
    milestones, rules = select(plan(project, dues), known, options.only)
    with tempfile.TemporaryDirectory(prefix="check-", ignore_cleanup_errors=True) as work:
        session = Session(
            project,
            Path(work),
            options.cache,
            options.limits,
            options.isolation,
            scenarios=tuple(id_ for id_ in rules if id_.startswith(ACCEPTANCE)),
            acceptance=options.acceptance,
            urls=options.urls,
            progress=progress,
        )
        if why:
            session.note(f"graded as {why}")
        given: dict[type, object] = {Repository: repository, Session: session}
        verdicts, evidence = judge(
            rules.values(), catalogue.collectors(), given, static=options.static, progress=progress, ahead=ahead
        )
        card = _scorecard(repository, project, milestones, rules, verdicts, evidence, session)
    card = card._replace(seconds=time.monotonic() - started)
    if not options.urls:
        _keep(options.cache / SCORECARDS, name, card, static=options.static)
    return card


def _kept(shelf: Path, name: str, *, static: bool) -> Scorecard | None:
    """The scorecard kept under a name; None when there is none that a grading would still come to."""
    from checks.reports import document

    for kept in (cache.load(shelf, name), cache.load(shelf, _of_this_machine(name))):
        try:
            card = document.from_document(kept) if kept is not None else None
        except document.ScorecardFormatError:
            continue  # written by another version or damaged: measure again, which replaces it
        if card is not None and (static or not _unmeasured(card) or _age(card) < PROVISIONAL_SECONDS):
            return card
    return None


def _keep(shelf: Path, name: str, card: Scorecard, *, static: bool) -> None:
    """Keep a scorecard; one that lacks what could not be had this time only for this machine as it is, and not long."""
    from checks.reports import document

    if any(f.verdict.internal for f in card.findings):
        return
    provisional = not static and _unmeasured(card)
    cache.store(shelf, _of_this_machine(name) if provisional else name, document.to_document(card))


def _of_this_machine(name: str) -> str:
    return f"{name}-{cache.machine()}"


def _unmeasured(card: Scorecard) -> bool:
    """Whether grading again may find more. Without a token nobody asked GitHub, and nobody will the next time."""
    from checks.evidence.forge import token

    unknown = (f for f in card.findings if f.verdict.state is State.ERROR)
    return any(token() or not f.id.startswith(FORGE) for f in unknown)


def _age(card: Scorecard) -> float:
    """Seconds since a scorecard was made."""
    return (datetime.now(UTC) - datetime.fromisoformat(card.graded_at)).total_seconds()


def acceptance_checks(project: Project, more: Path | None = None) -> dict[str, Check]:
    """Return the checks of the project's acceptance scenarios, and of those in the folder `more`, by id.

    The project's are known by its project.toml, so that a static grading need not read them.

    Raises BrokenScenario when a file of `more` can't be used.
    """
    if not project.acceptance.is_dir():
        return {}
    from checks.rules.acceptance import scenario_check

    docs = {m.id: m.docs for m in project.milestones}
    found = {
        c.id: scenario_check(c.id, c.title, m.docs)
        for m in project.milestones
        for c in m.checks
        if c.id.startswith(ACCEPTANCE)
    }
    if more is not None:
        from checks.acceptance import scenarios

        scenarios.refuse_namesakes(project.acceptance, more)
        for scenario in scenarios.read([project.acceptance, more]):
            if scenario.path.parent == more:
                milestone = scenario.id.split(".")[1]
                found[scenario.id] = scenario_check(
                    scenario.id, scenario.title, docs.get(milestone, ""), scenario.explanation
                )
    return found


def _described_by(project: Project, options: Options) -> tuple[Path, ...]:
    """The files besides the repository's that a scorecard depends on; a static grading depends on no scenario."""
    files = [project.folder / PROJECT_FILE, project.fingerprints]
    if not options.static:
        for folder in (project.acceptance, options.acceptance):
            files += sorted(folder.glob("*.py")) if folder is not None else []
    return tuple(file for file in files if file.is_file())


def _settings(options: Options, dues: Mapping[str, str] | None) -> dict[str, object]:
    """What a scorecard depends on besides the tree; variables by value, since they choose the services used."""
    from checks.evidence.forge import window

    urls = {v: os.environ.get(v) for v in ("DATABASE_URL", "REDIS_URL", "MONGODB_URI")}
    return {
        "static": options.static,
        "acceptance": str(options.acceptance or ""),
        "only": sorted(options.only),
        "isolation": options.isolation,
        "limits": repr(options.limits),
        "dues": dict(dues or {}),
        "environment": urls,
        "forge": window(),  # what GitHub knows changes without the tree: a scorecard with it is kept for minutes
    }


def _scorecard(
    repository: Repository,
    project: Project,
    milestones: tuple[scoring.PlannedMilestone, ...],
    rules: Mapping[str, Check],
    verdicts: Mapping[str, Verdict],
    evidence: Mapping[type, object],
    session: Session,
) -> Scorecard:
    results: tuple[Finding, ...] = scoring.findings(milestones, rules, verdicts)
    scored = scoring.score(milestones, results)
    metrics = tuple(scoring.PlannedMetric(m.id, m.title, m.group, m.checks) for m in project.metrics)
    tests, coverage = _summaries(evidence)
    return Scorecard(
        project=project.id,
        project_title=project.title,
        subject=Subject(
            name=repository.name,
            commit=repository.commit,
            branch=repository.branch,
            digest=repository.digest,
            dirty=len(repository.dirty),
            files=len(repository.entries),
        ),
        graded_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        grader_version=__version__,
        assurance=Assurance.SELF,
        earned=sum((m.earned for m in scored), Fraction(0)),
        possible=sum((m.possible for m in scored), Fraction(0)),
        milestones=scored,
        metrics=scoring.measure(metrics, results),
        findings=results,
        next_steps=scoring.next_steps(scored, results),
        tests=tests,
        coverage=coverage,
        originality=_originality(evidence),
        notes=session.notes,
    )


def _summaries(evidence: Mapping[type, object]) -> tuple[SuiteSummary | None, CoverageSummary | None]:
    from checks.evidence.coverage import LineCoverage
    from checks.evidence.suite import SuiteRun

    run, lines = evidence.get(SuiteRun), evidence.get(LineCoverage)
    return (
        run.summary if isinstance(run, SuiteRun) else None,
        lines.summary if isinstance(lines, LineCoverage) else None,
    )


def _originality(evidence: Mapping[type, object]) -> OriginalitySummary | None:
    from checks.evidence.originality import Originality

    found = evidence.get(Originality)
    return found.summary if isinstance(found, Originality) else None
