"""Verdicts and a project's plan become a scorecard: exact arithmetic, no I/O.

The rules of `docs/decisions/0002-verdicts-and-denominators.md`: a milestone's points are divided over its checks by
weight; checks that do not apply or are waived leave the denominator; blocked, failed and unknown ones earn nothing and
stay in it; a milestone in which nothing applies leaves the project's denominator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from checks.model import (
    Check,
    Effort,
    Finding,
    MetricResult,
    MilestoneScore,
    NextStep,
    ScoredCheck,
    State,
    Status,
    Verdict,
    unknown,
)

_WORK = "acceptance."  # family of the scenarios: what they ask for is the plan's own work


class Weighted(NamedTuple):
    """A check's place in a milestone. `title` names checks that no rule of this package defines."""

    id: str
    weight: int
    title: str = ""


class PlannedMilestone(NamedTuple):
    """A milestone before grading: whole points, and the checks that share them by weight."""

    id: str
    title: str
    week: int
    docs: str
    due: str | None
    points: int
    checks: tuple[Weighted, ...]


class PlannedMetric(NamedTuple):
    """A success metric before grading: it is met when all `checks` pass; without any it can't be measured here."""

    id: str
    title: str
    group: str
    checks: tuple[str, ...]


def findings(
    plan: Iterable[PlannedMilestone], known: Mapping[str, Check], verdicts: Mapping[str, Verdict]
) -> tuple[Finding, ...]:
    """Return one finding for each judged check and for each planned check that nothing could judge, ordered by id.

    A planned check without a verdict is *not yet known*: it never passes and is never dropped. A rule that no
    milestone asks for is reported as advisory.
    """
    milestones = {c.id: (c, milestone) for milestone in plan for c in milestone.checks}
    planned = {id_: item for id_, (item, _) in milestones.items()}
    result: list[Finding] = []
    for id_ in sorted(planned.keys() | verdicts.keys()):
        rule = known.get(id_)
        if rule is not None:
            verdict = verdicts.get(id_, unknown("this check was not run"))
            advisory = rule.advisory or id_ not in planned
            result.append(Finding(id_, rule.title, rule.explanation, rule.repair, rule.effort, verdict, advisory))
        else:
            result.append(_unmeasured(*milestones[id_], verdicts.get(id_)))
    return tuple(result)


def _unmeasured(item: Weighted, milestone: PlannedMilestone, verdict: Verdict | None) -> Finding:
    if item.id.startswith(_WORK):
        reason = "no acceptance scenario has been run against the application"
        repair = f"Work through {milestone.docs}; its section on grading says what is proven."
    else:
        reason = "this version of the grader does not measure it yet"
        repair = f"Work through {milestone.docs}."
    return Finding(item.id, item.title or item.id, reason, repair, Effort.LARGE, verdict or unknown(reason))


def score(plan: Sequence[PlannedMilestone], results: Iterable[Finding]) -> tuple[MilestoneScore, ...]:
    """Divide each milestone's points over its applicable checks by weight, exactly."""
    by_id = {f.id: f for f in results}
    return tuple(_score_one(milestone, by_id) for milestone in plan)


def _score_one(milestone: PlannedMilestone, by_id: Mapping[str, Finding]) -> MilestoneScore:
    counted = [c for c in milestone.checks if by_id[c.id].verdict.state.counts and not by_id[c.id].advisory]
    weights = sum(c.weight for c in counted)
    scored = []
    for item in milestone.checks:
        possible = Fraction(milestone.points * item.weight, weights) if item in counted else Fraction(0)
        scored.append(ScoredCheck(item.id, item.weight, possible, possible * by_id[item.id].verdict.credit))
    return MilestoneScore(
        id=milestone.id,
        title=milestone.title,
        week=milestone.week,
        docs=milestone.docs,
        due=milestone.due,
        possible=Fraction(milestone.points if counted else 0),
        earned=sum((c.earned for c in scored), Fraction(0)),
        checks=tuple(scored),
    )


def measure(metrics: Iterable[PlannedMetric], results: Iterable[Finding]) -> tuple[MetricResult, ...]:
    """Say of each metric whether it is met, not met, or not yet known; with the check that decides it."""
    by_id = {f.id: f for f in results}
    return tuple(_measure_one(metric, by_id) for metric in metrics)


def _measure_one(metric: PlannedMetric, by_id: Mapping[str, Finding]) -> MetricResult:
    def result(status: Status, reason: str) -> MetricResult:
        return MetricResult(metric.id, metric.title, metric.group, status, reason)

    if not metric.checks:
        return result(Status.UNKNOWN, "not measurable from one repository")
    states = {id_: by_id[id_].verdict.state if id_ in by_id else State.ERROR for id_ in metric.checks}
    for id_, state in states.items():
        if state in (State.FAIL, State.PARTIAL, State.BLOCKED):
            return result(Status.NOT_MET, f"{id_}: {by_id[id_].verdict.reason}")
    for id_, state in states.items():
        if state is not State.PASS:
            reason = by_id[id_].verdict.reason if id_ in by_id else "not measured"
            return result(Status.UNKNOWN, f"{id_}: {reason}")
    return result(Status.MET, "all its checks pass")


def next_steps(milestones: Iterable[MilestoneScore], results: Iterable[Finding]) -> tuple[NextStep, ...]:
    """Rank what could still be earned by points gained for effort needed, the best first.

    Blocked checks are not listed: their points are added to the gain of the check that blocks them. Nor is what the
    grader could not find out, since nothing in the repository may be wrong; acceptance scenarios are the exception,
    because they are the work itself. That work has an order of its own, the plan's: it is ranked as a whole, by the
    scenario that comes next, whether that fails or could not be run.
    """
    by_id = {f.id: f for f in results}
    gains: dict[str, Fraction] = {}
    home: dict[str, str] = {}
    for milestone in milestones:
        for item in milestone.checks:
            gain = item.possible - item.earned
            if gain == 0 or not _actionable(by_id[item.id]):
                continue
            target = _root_cause(item.id, by_id)
            gains[target] = gains.get(target, Fraction(0)) + gain
            if target == item.id or target not in home:
                home[target] = milestone.id
    steps = [_step(by_id[id_], gain, home[id_]) for id_, gain in gains.items()]
    place = {id_: number for number, id_ in enumerate(gains)}
    work = [s for s in steps if s.check_id.startswith(_WORK)]
    bar = _worth(work[0]) if work else Fraction(0)

    def rank(step: NextStep) -> tuple[int, Fraction, int]:
        if step in work:
            return 1, Fraction(0), place[step.check_id]
        return (0 if _worth(step) >= bar else 2), -_worth(step), place[step.check_id]

    return tuple(sorted(steps, key=rank))


def _worth(step: NextStep) -> Fraction:
    return step.gain / step.effort.cost


def _actionable(finding: Finding) -> bool:
    return finding.verdict.state is not State.ERROR or finding.id.startswith(_WORK)


def _root_cause(id_: str, by_id: Mapping[str, Finding]) -> str:
    seen = {id_}
    while (by := by_id[id_].verdict.blocked_by) is not None and by in by_id and by not in seen:
        seen.add(by)
        id_ = by
    return id_


def _step(finding: Finding, gain: Fraction, milestone: str) -> NextStep:
    verdict = finding.verdict
    return NextStep(
        check_id=finding.id,
        title=finding.title,
        milestone=milestone,
        gain=gain,
        effort=finding.effort,
        repair=verdict.repair or finding.repair,
        location=verdict.locations[0] if verdict.locations else None,
    )
