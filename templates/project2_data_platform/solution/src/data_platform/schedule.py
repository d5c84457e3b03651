"""DAILY_METRICS_SCHEDULE: five cron fields in UTC, or `@every 5s` and `@every 2m`."""

import re
from datetime import timedelta

from celery.schedules import BaseSchedule, ParseException, crontab, schedule

_EVERY = re.compile(r"@every ([1-9][0-9]{0,5})(s|m)")
_UNITS = {"s": "seconds", "m": "minutes"}


def parse_schedule(text: str) -> BaseSchedule:
    """Give the schedule that a text means. Raises ValueError."""
    every = _EVERY.fullmatch(text.strip())
    if every:
        return schedule(timedelta(**{_UNITS[every[2]]: int(every[1])}))
    fields = text.split()
    if len(fields) != 5:
        raise ValueError("must be five cron fields, or such as @every 5s or @every 2m")
    minute, hour, day_of_month, month_of_year, day_of_week = fields
    try:
        return crontab(
            minute=minute,
            hour=hour,
            day_of_month=day_of_month,
            month_of_year=month_of_year,
            day_of_week=day_of_week,
        )
    except (ParseException, ValueError) as error:
        raise ValueError(f"is no cron expression: {error}") from error
