"""Instants and calendar days, in SQL."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, cast, func, literal, text

from data_platform.analytics.ranges import DayRange


def local_day(instant: Any, timezone: str) -> ColumnElement[date]:
    """Give the calendar day that an instant has in a time zone."""
    return cast(func.timezone(timezone, instant), Date)


def day(value: date) -> ColumnElement[date]:
    """Give a day as an expression that PostgreSQL knows the type of."""
    return cast(literal(value, Date), Date)


def in_range(instant: Any, days: DayRange) -> ColumnElement[bool]:
    """Tell the instants that lie on the days of the range from the others.

    The local day decides. It can't use an index, so two instants around the range go first, wide enough for any zone:
    local midnight itself may not exist, or exist twice, when clocks change.
    """
    margin = text("interval '1 day'")
    after = cast(day(days.start), instant.type) - margin
    before = cast(day(days.end), instant.type) + margin + margin
    local = local_day(instant, days.timezone)
    return and_(instant >= after, instant < before, local.between(day(days.start), day(days.end)))
