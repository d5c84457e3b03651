"""Ranges of days."""

from datetime import date, timedelta

import pytest

from data_platform.analytics.ranges import DayRange, cut, length

DAY = date(2026, 3, 1)


def test_both_ends_count() -> None:
    assert length(DAY, DAY) == 1
    assert length(DAY, date(2026, 3, 31)) == 31
    assert list(DayRange(date(2024, 2, 28), date(2024, 3, 1), "UTC").days()) == [
        date(2024, 2, 28),
        date(2024, 2, 29),
        date(2024, 3, 1),
    ]


def test_a_year_and_a_day_is_the_most() -> None:
    assert length(DAY, DAY + timedelta(days=365)) == 366
    with pytest.raises(ValueError, match="must be at most 366 days from start on, was 367"):
        length(DAY, DAY + timedelta(days=366))
    with pytest.raises(ValueError, match="was 367"):
        DayRange(DAY, DAY + timedelta(days=366), "UTC")


def test_an_end_before_the_start_is_no_range() -> None:
    with pytest.raises(ValueError, match="must not be before start"):
        length(DAY, DAY - timedelta(days=1))


def test_any_number_of_days_is_cut_into_ranges_without_gap_or_overlap() -> None:
    assert list(cut(DAY, DAY + timedelta(days=800), "UTC")) == [
        DayRange(DAY, DAY + timedelta(days=365), "UTC"),
        DayRange(DAY + timedelta(days=366), DAY + timedelta(days=731), "UTC"),
        DayRange(DAY + timedelta(days=732), DAY + timedelta(days=800), "UTC"),
    ]
    assert list(cut(DAY, DAY, "Asia/Kolkata")) == [DayRange(DAY, DAY, "Asia/Kolkata")]
    assert list(cut(DAY, DAY - timedelta(days=1), "UTC")) == []
