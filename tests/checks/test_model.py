"""The vocabulary: states, the check decorator, and percentages that never round up."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model import (
    Check,
    CoverageSummary,
    Effort,
    Location,
    OriginalitySummary,
    State,
    SuiteSummary,
    Verdict,
    check,
    failed,
    partial,
    passed,
    percent,
    points,
)


@dataclass(frozen=True)
class Sky:
    blue: bool


@check("sky.blue", effort="small")
def sky_is_blue(sky: Sky) -> Verdict:
    """The sky is blue.

    Grey skies are a warning,
    told over two lines.

    Wait for better weather.
    """
    return passed("blue") if sky.blue else failed("grey")


def test_a_check_is_a_docstring_and_a_function() -> None:
    assert isinstance(sky_is_blue, Check)
    assert (sky_is_blue.id, sky_is_blue.family, sky_is_blue.effort) == ("sky.blue", "sky", Effort.SMALL)
    assert sky_is_blue.title == "The sky is blue"
    assert sky_is_blue.explanation == "Grey skies are a warning, told over two lines."
    assert sky_is_blue.repair == "Wait for better weather."
    assert sky_is_blue.needs == (Sky,)
    assert sky_is_blue(Sky(blue=False)).state is State.FAIL


def test_a_check_without_a_repair_is_refused() -> None:
    def lazy(sky: Sky) -> Verdict:
        """Only a title."""
        return passed(str(sky))

    with pytest.raises(TypeError, match=r"sky\.lazy.*repair"):
        check("sky.lazy", effort="small")(lazy)


def test_a_check_whose_parameter_names_no_evidence_is_refused() -> None:
    def vague(sky) -> Verdict:  # type: ignore[no-untyped-def]
        """Title.

        Explanation.

        Repair.
        """
        return passed(str(sky))

    with pytest.raises(TypeError, match="annotated"):
        check("sky.vague", effort="small")(vague)


def test_an_unknown_effort_is_refused() -> None:
    with pytest.raises(ValueError, match="tiny"):
        check("sky.tiny", effort="tiny")(sky_is_blue.function)


def test_the_ends_of_partial_credit_are_pass_and_fail() -> None:
    assert partial(Fraction(1), "all").state is State.PASS
    assert partial(Fraction(0), "none").state is State.FAIL
    assert partial(Fraction(1, 3), "some").credit == Fraction(1, 3)
    with pytest.raises(ValueError, match="between 0 and 1"):
        partial(Fraction(4, 3), "too much")


def test_only_not_applicable_and_waived_leave_the_denominator() -> None:
    assert {s for s in State if not s.counts} == {State.NOT_APPLICABLE, State.WAIVED}


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (Fraction(8999, 10000), 1, "89.9 %"),
        (Fraction(899999, 1000000), 2, "89.99 %"),
        (Fraction(9, 10), 1, "90.0 %"),
        (Fraction(1), 0, "100 %"),
        (Fraction(9999, 10000), 0, "99 %"),
        (Fraction(0), 1, "0.0 %"),
    ],
)
def test_percentages_round_down(share: Fraction, digits: int, text: str) -> None:
    assert percent(share, digits) == text


@given(st.fractions(0, 1), st.integers(0, 4))
def test_no_percentage_ever_reads_more_than_it_is(share: Fraction, digits: int) -> None:
    shown = Fraction(percent(share, digits).removesuffix(" %")) / 100
    assert shown <= share < shown + Fraction(1, 100 * 10**digits)


def test_points_show_decimals_only_when_they_have_some() -> None:
    assert points(Fraction(8)) == "8"
    assert points(Fraction(2, 3)) == "0.6"
    assert points(Fraction(2, 3), 2) == "0.66"


def test_a_location_reads_like_a_compiler_message() -> None:
    assert str(Location("a/b.py", 3)) == "a/b.py:3"
    assert str(Location("a/b.py")) == "a/b.py"


def test_summaries_count_what_ran_and_what_was_covered() -> None:
    assert SuiteSummary(passed=3, failed=1, errors=1, skipped=2, seconds=0.1).executed == 5
    assert CoverageSummary(covered=9, total=10, excluded=0, allowance=0, files=()).share == Fraction(9, 10)
    assert CoverageSummary(covered=0, total=0, excluded=0, allowance=0, files=()).share == 0


def origin(reference: int, own: int, solution: int = 10_000) -> OriginalitySummary:
    return OriginalitySummary(starter=5_000, reference=reference, own=own, solution=solution)


@pytest.mark.parametrize(
    ("summary", "marked"),
    [
        (origin(5_000, 5_000), True),
        (origin(4_999, 5_001), False),
        (origin(5_000, 500_000), True),  # diluted, and still half of the reference
        (origin(4_999, 500_000), False),
        (origin(499, 1), False),  # too little to tell
        (origin(500, 1), True),
        (origin(0, 0), False),
        (origin(600, 0, solution=0), True),
    ],
)
def test_a_repository_is_marked_from_half_of_what_was_added_or_half_of_the_reference(
    summary: OriginalitySummary, marked: bool
) -> None:
    assert summary.largely_reference is marked


def test_shares_of_nothing_are_nothing() -> None:
    empty = OriginalitySummary(0, 0, 0, 0)
    assert (empty.copied, empty.contained, empty.share(0)) == (0, 0, 0)
