"""What a verification found, judged from scorecards: pure, so that its tests need no repository."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from checks.acceptance.scenarios import Scenario
from checks.model import Finding, Scorecard, State, Status, percent
from checks.verification.faults import Fault
from scaffolder.projects import Project

OFFLINE = "forge."  # what only the forge can tell is not known of a repository that nobody published


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that must hold: whether it does, and what was seen."""

    name: str
    title: str
    held: bool
    seen: str
    seconds: float = 0.0


def plan_and_scenarios(project: Project, scenarios: Iterable[Scenario]) -> Outcome:
    """Each acceptance check of the plan has one scenario with the same title, and each scenario a place in the plan."""
    planned = {c.id: c.title for m in project.milestones for c in m.checks if c.id.startswith("acceptance.")}
    written = {s.id: s.title for s in scenarios}
    problems = [f"{id_} has no scenario" for id_ in planned if id_ not in written]
    problems += [f"{id_} is in no milestone" for id_ in written if id_ not in planned]
    problems += [
        f"{id_} is called {written[id_]!r}, in project.toml {title!r}"
        for id_, title in planned.items()
        if id_ in written and written[id_] != title
    ]
    seen = "; ".join(problems) or f"{len(planned)} scenarios"
    return Outcome("plan", "Plan and scenarios agree", not problems, seen)


def starter(card: Scorecard, baseline: int) -> Outcome:
    """The untouched starter earns at most its declared baseline, in percent."""
    held = card.score <= Fraction(baseline, 100)
    return Outcome("starter", f"The starter earns at most {baseline} %", held, percent(card.score), card.seconds)


def solution(card: Scorecard) -> Outcome:
    """The reference solution earns every point that can be measured, and no metric reads as not met."""
    lost = [f for f in card.findings if not f.advisory and f.verdict.state.counts and f.verdict.credit < 1]
    wrong = [f for f in lost if f.verdict.state is not State.ERROR]
    unmeasured = [f.id for f in lost if f.verdict.state is State.ERROR]
    surprising = [id_ for id_ in unmeasured if not id_.startswith(OFFLINE)]
    metrics = [m.id for m in card.metrics if m.status is Status.NOT_MET]
    parts = [f"{f.id}: {_said(f)}" for f in wrong]
    parts += [f"{id_} could not be measured: {_reason(card, id_)}" for id_ in surprising]
    parts += [f"metric {id_} is not met" for id_ in metrics]
    measured, total = card.measured
    counted = f"every point of {measured} of {total} checks; not yet known: {', '.join(unmeasured) or 'nothing'}"
    return Outcome("solution", "The solution earns every point", not parts, "; ".join(parts) or counted, card.seconds)


def _said(finding: Finding) -> str:
    """What a finding says, with what was seen: who verifies has to find the cause from it."""
    verdict = finding.verdict
    return verdict.reason if verdict.actual is None else f"{verdict.reason} ({verdict.actual})"


def _reason(card: Scorecard, id_: str) -> str:
    return next(f.verdict.reason for f in card.findings if f.id == id_)


def states(card: Scorecard) -> dict[str, tuple[State, Fraction]]:
    """Return what a scorecard says of each scored check, without words and times."""
    return {f.id: (f.verdict.state, f.verdict.credit) for f in card.findings if not f.advisory}


def repeated(cards: Sequence[Scorecard]) -> Outcome:
    """All scorecards of the same repository say the same."""
    first = states(cards[0])
    different = {id_ for card in cards[1:] for id_, state in states(card).items() if first.get(id_, state) != state}
    seen = f"different: {', '.join(sorted(different))}" if different else f"{len(cards)} times the same"
    return Outcome("repeated", "Repeated runs agree", not different, seen, sum(c.seconds for c in cards))


def fault(item: Fault, before: Mapping[str, tuple[State, Fraction]], after: Scorecard) -> Outcome:
    """The fault's check fails, and nothing else does without reason. One that was not judged has caught nothing."""
    by_id = {f.id: f for f in after.findings}
    caught = by_id.get(item.check)
    if caught is None:
        return Outcome(item.name, item.title, False, f"there is no check {item.check}", after.seconds)
    if caught.verdict.state in (State.BLOCKED, State.ERROR):
        said = f"not judged: {item.check}: {caught.verdict.reason}"
        return Outcome(item.name, item.title, False, said, after.seconds)
    lost = [
        f for f in after.findings
        if not f.advisory and f.id in before and f.verdict.credit < before[f.id][1]
    ]  # fmt: skip
    missed = caught not in lost
    allowed = (item.check, *item.also)
    surprising = [f for f in lost if not _allowed(f, allowed, by_id, after)]
    parts = [f"missed: {item.check} still says {caught.verdict.state.value}"] if missed else []
    parts += [f"false alarm: {f.id}: {_said(f)}" for f in surprising]
    seen = "; ".join(parts) or f"{item.check}: {caught.verdict.reason}"
    return Outcome(item.name, item.title, not parts, seen, after.seconds)


def _allowed(finding: Finding, allowed: Collection[str], by_id: Mapping[str, Finding], card: Scorecard) -> bool:
    if finding.verdict.state is State.BLOCKED and finding.verdict.blocked_by in by_id:
        # What waits for something else says nothing of its own.
        return _allowed(by_id[str(finding.verdict.blocked_by)], allowed, {}, card)
    milestones = {m.id for m in card.milestones if any(c.id == finding.id for c in m.checks)}
    return any(finding.id == name or finding.id.startswith(f"{name}.") or name in milestones for name in allowed)
