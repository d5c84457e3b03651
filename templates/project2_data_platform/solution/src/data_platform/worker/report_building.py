"""The report: figures, computed once."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from data_platform.analytics.ranges import DayRange
from data_platform.operational import Report
from data_platform.reporting.compute import compute


def build(session: Session, report: Report) -> None:
    """Put the figures of its range into the report. The caller commits them, together with its state."""
    # The first statement of its transaction: all that follows sees the sales of one moment.
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    report.figures = compute(session, DayRange(report.start, report.end, report.timezone)).model_dump(mode="json")
