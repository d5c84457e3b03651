"""Reports, the domain: how they are ordered and found. No web framework in here."""

from uuid import UUID

from sqlalchemy.orm import Session

from data_platform import queue
from data_platform.analytics.ranges import DayRange
from data_platform.operational import Report


class ReportNotFoundError(LookupError):
    """There is no report with this id."""


def order(session: Session, days: DayRange, title: str = "") -> Report:
    """Store a report and queue the job that builds it. Raises QueueUnavailableError; then nothing is stored."""
    report = Report(
        title=title or f"Sales {days.start} to {days.end}", start=days.start, end=days.end, timezone=days.timezone
    )
    session.add(report)
    queue.submit(session, report)
    return report


def find(session: Session, report_id: UUID) -> Report:
    """Give the report with this id. Raises ReportNotFoundError."""
    report = session.get(Report, report_id)
    if report is None:
        raise ReportNotFoundError(f"There is no report {report_id}.")
    return report
