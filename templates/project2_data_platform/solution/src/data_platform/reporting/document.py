"""What a report is: a value that is stored once and shown in every form."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from data_platform.analytics.figures import DailyMetrics, Figures, Metrics, RankedProduct
from data_platform.jobs import JobStatus


class ReportFigures(Figures):
    """Everything that a report shows, as it is stored with it."""

    summary: Metrics
    daily: tuple[DailyMetrics, ...]
    top_products: tuple[RankedProduct, ...]


@dataclass(frozen=True)
class Document:
    """A finished report: what it is of, and its figures."""

    id: UUID
    title: str
    start: date
    end: date
    timezone: str
    completed_at: datetime
    figures: ReportFigures


class StoredReport(Protocol):
    """A row of the table of reports, as SQLAlchemy or Django gives it."""

    id: UUID
    title: str
    start: date
    end: date
    timezone: str
    status: str
    completed_at: datetime | None
    figures: dict[str, Any] | None


class ReportNotReadyError(Exception):
    """The report has no figures, or not yet."""


def open_document(report: StoredReport) -> Document:
    """Give what a completed report shows. Raises ReportNotReadyError."""
    if report.status != JobStatus.COMPLETED or report.completed_at is None:
        raise ReportNotReadyError(f"The report is {report.status}; only a completed one can be shown.")
    return Document(
        id=report.id,
        title=report.title,
        start=report.start,
        end=report.end,
        timezone=report.timezone,
        completed_at=report.completed_at,
        figures=ReportFigures.model_validate(report.figures),
    )
