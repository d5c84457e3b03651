"""What a change did to the grade: two scorecards compared."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from checks.model import Finding, Scorecard, State

_LOST = (State.FAIL, State.PARTIAL, State.BLOCKED)


class MilestoneChange(NamedTuple):
    """A milestone's points before and after."""

    id: str
    title: str
    before: Fraction
    after: Fraction
    possible: Fraction


class Difference(NamedTuple):
    """From the base branch's scorecard to the change's; shares are of 1, and negative for a loss.

    `coverage` is None where one of the two did not measure it. `failing` passed before, `passing` did not; what was
    or is not yet known is in neither.
    """

    score: Fraction
    coverage: Fraction | None
    milestones: tuple[MilestoneChange, ...]
    failing: tuple[Finding, ...]
    passing: tuple[Finding, ...]


def difference(base: Scorecard, head: Scorecard) -> Difference:
    """Compare two scorecards of the same project."""
    before = {finding.id: finding.verdict.state for finding in base.findings}
    points = {milestone.id: milestone.earned for milestone in base.milestones}
    return Difference(
        score=head.score - base.score,
        coverage=head.coverage.share - base.coverage.share if head.coverage and base.coverage else None,
        milestones=tuple(
            MilestoneChange(m.id, m.title, points.get(m.id, Fraction(0)), m.earned, m.possible) for m in head.milestones
        ),
        failing=tuple(f for f in head.findings if before.get(f.id) is State.PASS and f.verdict.state in _LOST),
        passing=tuple(f for f in head.findings if before.get(f.id) in _LOST and f.verdict.state is State.PASS),
    )
