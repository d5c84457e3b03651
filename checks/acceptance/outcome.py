"""What came of a scenario, as the grader's acceptance process writes it down and the grading reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"  # this machine could not find out
    CRASHED = "crashed"  # the scenario itself is at fault


class Case(NamedTuple):
    """One case of a scenario (`name` is empty when there is only one): how it ended and why.

    `request` is the last HTTP exchange before it ended, `by` the id of the check that blocks it.
    """

    name: str
    outcome: Outcome
    reason: str = ""
    expected: str | None = None
    actual: str | None = None
    request: str = ""
    by: str = ""
    seconds: float = 0.0


def dump(id_: str, case: Case) -> str:
    """Return a line of JSON for a case of the scenario `id_`."""
    return json.dumps({"id": id_, **case._asdict()}, ensure_ascii=True)


def load(lines: Iterable[str]) -> dict[str, tuple[Case, ...]]:
    """Return the cases by scenario, from the lines that `dump` wrote; a line that was cut off is left out.

    Raises ValueError for a whole line that `dump` did not write.
    """
    found: dict[str, tuple[Case, ...]] = {}
    for line in lines:
        if not line.endswith("\n"):
            break
        values = json.loads(line)
        id_ = values.pop("id")
        found[id_] = (*found.get(id_, ()), Case(**{**values, "outcome": Outcome(values["outcome"])}))
    return found


def counts(cases: Mapping[str, Iterable[Case]]) -> dict[Outcome, int]:
    """Return how many cases ended each way."""
    every = [case.outcome for group in cases.values() for case in group]
    return {outcome: every.count(outcome) for outcome in Outcome}
