"""The rule on planted bugs."""

from __future__ import annotations

from fractions import Fraction

from checks.evidence.strength import PlantedBug, Strength
from checks.model import State
from checks.rules.tests_strength import notices_planted_bugs


def bugs(noticed: int, unnoticed: int) -> tuple[PlantedBug, ...]:
    outcomes = [True] * noticed + [False] * unnoticed
    return tuple(PlantedBug("a.py", n, "<", "<=", 1, noticed=seen) for n, seen in enumerate(outcomes, start=1))


def test_four_of_five_noticed_is_enough() -> None:
    verdict = notices_planted_bugs(Strength(bugs(16, 4), 100))
    assert (verdict.state, verdict.credit, verdict.actual) == (State.PASS, Fraction(1), "16 of 20")
    assert [place.line for place in verdict.locations] == [17, 18, 19, 20]


def test_below_the_bar_the_credit_is_the_share_reached_of_it_and_the_changes_are_named() -> None:
    verdict = notices_planted_bugs(Strength(bugs(15, 5), 100))
    assert (verdict.state, verdict.credit) == (State.PARTIAL, Fraction(15, 16))
    assert "a.py:16 `<` became `<=`" in verdict.reason


def test_a_suite_that_notices_nothing_earns_nothing() -> None:
    assert notices_planted_bugs(Strength(bugs(0, 20), 100)).state is State.FAIL


def test_two_lines_and_one_perfect_test_do_not_make_a_strong_suite() -> None:
    verdict = notices_planted_bugs(Strength(bugs(1, 0), 1))
    assert (verdict.state, verdict.credit) == (State.PARTIAL, Fraction(1, 16))
    assert "Only 1 could be planted" in verdict.reason
    assert notices_planted_bugs(Strength(bugs(16, 0), 16)).state is State.PASS


def test_code_in_which_nothing_can_be_wrong_proves_nothing() -> None:
    verdict = notices_planted_bugs(Strength((), 0))
    assert verdict.state is State.FAIL
    assert "went unnoticed" not in (verdict.repair or notices_planted_bugs.repair)


def test_a_suite_that_fails_for_a_comment_is_not_trusted() -> None:
    verdict = notices_planted_bugs(Strength((), 50, control="test_digest failed"))
    assert verdict.state is State.FAIL
    assert "test_digest failed" in verdict.reason


def test_a_dropped_word_is_told_as_dropped() -> None:
    one = PlantedBug("a.py", 3, "not", "", 1, noticed=False)
    assert "a.py:3 `not` was dropped" in notices_planted_bugs(Strength((one,), 1)).reason
