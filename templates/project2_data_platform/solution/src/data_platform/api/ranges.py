"""Days and time zones in requests. Query parameters and bodies are held to the same rules."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationInfo, field_validator

from data_platform.analytics import ranges
from data_platform.analytics.ranges import DayRange
from data_platform.zones import is_zone

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_as_day(value: object) -> object:
    # Left alone, pydantic takes 0 and 2026-03-01T00:00 for days, too.
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("must be a day such as 2026-03-01")
    return value


def _existing_zone(value: str) -> str:
    if not is_zone(value):
        raise ValueError("must be the IANA name of a time zone, such as Europe/Berlin")
    return value


Day = Annotated[date, BeforeValidator(_written_as_day)]
Zone = Annotated[str, AfterValidator(_existing_zone)]


class DayRangeFields(BaseModel):
    """The three fields that name a range of days."""

    start: Day
    end: Day
    timezone: Zone = "UTC"

    @field_validator("end")
    @classmethod
    def _possible(cls, end: date, info: ValidationInfo) -> date:
        if "start" in info.data:  # else that field is wrong already
            ranges.length(info.data["start"], end)
        return end

    @property
    def days(self) -> DayRange:
        """The range."""
        return DayRange(self.start, self.end, self.timezone)
