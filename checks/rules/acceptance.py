"""Checks that acceptance scenarios make: one for each scenario, judged by how its cases ended.

They are not written as functions: a scenario in `templates/<project>/acceptance/` is the rule, and its docstring says
what is proven.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from checks.acceptance.outcome import Case, Outcome
from checks.evidence.acceptance import AcceptanceRun
from checks.model import Check, Effort, Verdict, blocked, failed, partial, passed, unknown

PREFIX = "acceptance."
_WHY = "Behaviour is proven from outside: a scenario talks to the running application and never reads its code."
SHOWN = 3  # failing cases in one reason
LOG_END = 500  # characters of the acceptance process's log in one verdict


def scenario_check(id_: str, title: str, docs: str, explanation: str = "") -> Check:
    """Return the check of a scenario; `docs` is the milestone's document, whose grading table is the repair."""
    document = f"{docs}, section “How it is graded”" if docs else "the scenario's own description"
    return Check(
        id=id_,
        title=title,
        explanation="\n\n".join(part for part in (explanation, _WHY) if part),
        repair=f"Make the application do what {document}, asks for; `check --only {id_.split('.')[1]}` tries it again.",
        effort=Effort.LARGE,
        needs=(AcceptanceRun,),
        function=_judge(id_),
    )


def _judge(id_: str) -> Callable[[AcceptanceRun], Verdict]:
    def judge(run: AcceptanceRun) -> Verdict:
        return verdict(id_, run)

    return judge


def verdict(id_: str, run: AcceptanceRun) -> Verdict:
    """Judge a scenario: its credit is the share of its cases that passed."""
    cases = run.cases.get(id_, ())
    if not cases:
        return _without_cases(run)
    by_outcome = {outcome: [c for c in cases if c.outcome is outcome] for outcome in Outcome}
    crashed, wrong = by_outcome[Outcome.CRASHED], by_outcome[Outcome.FAILED]
    good = by_outcome[Outcome.PASSED]
    if crashed:
        return unknown(f"the scenario itself failed: {crashed[0].reason}", internal=True)
    if wrong:
        return partial(
            Fraction(len(good), len(cases)),
            _reason(wrong, len(cases)),
            expected=wrong[0].expected,
            actual=wrong[0].actual,
        )
    if by_outcome[Outcome.UNKNOWN]:
        return unknown(by_outcome[Outcome.UNKNOWN][0].reason)
    if by_outcome[Outcome.BLOCKED]:
        first = by_outcome[Outcome.BLOCKED][0]
        return blocked(first.reason, by=first.by)
    seconds = sum(c.seconds for c in cases)
    return passed(f"It does, in {len(cases)} {'case' if len(cases) == 1 else 'cases'}.", actual=f"{seconds:.1f} s")


def _reason(wrong: Sequence[Case], total: int) -> str:
    parts = []
    for case in wrong[:SHOWN]:
        name = f"[{case.name}] " if case.name else ""
        shown = f" Seen at: {case.request}" if case.request else ""
        parts.append(f"{name}{case.reason}{shown}")
    more = f" And {len(wrong) - SHOWN} more." if len(wrong) > SHOWN else ""
    count = f"{len(wrong)} of {total} cases fail. " if total > 1 else ""
    return count + " ".join(parts) + more


def _without_cases(run: AcceptanceRun) -> Verdict:
    """A scenario that left no trace: the run ended before it, or it is not there."""
    if run.problem:
        last = next(reversed(tuple(run.cases)), None)
        after = f" after {last}" if last else ""
        return failed(f"It was not reached: {run.problem}{after}.", actual=run.log[-LOG_END:] or None)
    return unknown("no scenario with this id was found among the project's")
