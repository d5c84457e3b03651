"""The figures of a report, asked for once."""

from sqlalchemy.orm import Session

from data_platform.analytics.metrics import daily, summarise
from data_platform.analytics.products import top_products
from data_platform.analytics.ranges import DayRange
from data_platform.reporting.document import ReportFigures

PRODUCTS = 10


def compute(session: Session, days: DayRange) -> ReportFigures:
    """Ask analytics. In one snapshot (REPEATABLE READ), so that the parts agree whatever is imported meanwhile."""
    return ReportFigures(
        summary=summarise(session, days),
        daily=tuple(daily(session, days)),
        top_products=tuple(top_products(session, days, "revenue", PRODUCTS)),
    )
