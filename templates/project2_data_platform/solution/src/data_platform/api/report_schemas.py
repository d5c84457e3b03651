"""Bodies of the reports routes."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from data_platform.api.ranges import DayRangeFields
from data_platform.api.schemas import Name


class ReportCreate(DayRangeFields):
    """A report to be made. Without a title it is named by its range."""

    model_config = ConfigDict(extra="forbid")

    title: Name = ""


class ReportRead(BaseModel):
    """A report as it is."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    job_id: UUID
    title: str
    start: date
    end: date
    timezone: str
    status: Literal["pending", "processing", "completed", "failed"]
    error: str | None
    created_at: datetime
    completed_at: datetime | None
