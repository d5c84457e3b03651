"""Results cross from the acceptance process to the grading as lines of JSON."""

from __future__ import annotations

import pytest

from checks.acceptance.outcome import Case, Outcome, counts, dump, load

FINE = Case("", Outcome.PASSED, seconds=0.25)
WRONG = Case("EUR–USD", Outcome.FAILED, "The sum is wrong.\nSecond line", "1.10", "1.1", "GET / → 200", "", 1.5)


def test_cases_come_back_as_they_were_written() -> None:
    lines = [dump("a.one", FINE) + "\n", dump("a.two", WRONG) + "\n", dump("a.one", WRONG) + "\n"]
    assert load(lines) == {"a.one": (FINE, WRONG), "a.two": (WRONG,)}


def test_a_line_that_was_cut_off_is_left_out() -> None:
    assert load([dump("a.one", FINE) + "\n", dump("a.two", WRONG)[:30]]) == {"a.one": (FINE,)}


def test_a_line_of_somebody_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="gone"):
        load(['{"id": "a.one", "name": "", "outcome": "gone"}\n'])


def test_outcomes_are_counted() -> None:
    ran = counts({"a.one": (FINE, WRONG), "a.two": (FINE,)})
    assert (ran[Outcome.PASSED], ran[Outcome.FAILED], ran[Outcome.BLOCKED]) == (2, 1, 0)
