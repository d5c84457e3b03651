"""Ranges of days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MAX_DAYS = 366


def length(start: date, end: date) -> int:
    """Count the days from start to end, both included. Raises ValueError for a range that nobody may ask for."""
    days = (end - start).days + 1
    if days < 1:
        raise ValueError("must not be before start")
    if days > MAX_DAYS:
        raise ValueError(f"must be at most {MAX_DAYS} days from start on, was {days}")
    return days


@dataclass(frozen=True)
class DayRange:
    """Calendar days of a time zone, both ends included. Raises ValueError where `length` does."""

    start: date
    end: date
    timezone: str

    def __post_init__(self) -> None:
        length(self.start, self.end)

    def days(self) -> Iterator[date]:
        """Give each day, in order."""
        for number in range(length(self.start, self.end)):
            yield self.start + timedelta(days=number)


def cut(start: date, end: date, timezone: str) -> Iterator[DayRange]:
    """Cut any number of days into ranges that are allowed, in order."""
    while start <= end:
        last = min(end, start + timedelta(days=MAX_DAYS - 1))
        yield DayRange(start, last, timezone)
        start = last + timedelta(days=1)
