"""The figures of each day, computed on schedule, for those who read the tables and not the API."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from data_platform.analytics.figures import DailyMetrics
from data_platform.analytics.instants import local_day
from data_platform.analytics.metrics import daily
from data_platform.analytics.ranges import cut
from data_platform.analytics.segments import segments
from data_platform.warehouse.models import CustomerSegment, DailySalesMetrics, Sale
from data_platform.worker import stopping

ZONE = "UTC"
# Two runs at once would wait for each other's rows, and end with the same figures.
_LOCK = 0xDA117
_BREAKDOWNS = {"by_region", "by_category", "by_payment_method"}


def refresh(session: Session) -> None:
    """Make the tables what analytics say now: every UTC day from the first sale to the last, and yesterday's segments.

    All days anew, because one corrected sale can change any of them, and who was new on others. Rows that are right
    already are not touched. Raises StoppingError between years; then nothing has changed.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return
    first, last = _first_and_last_day(session)
    for days in cut(first, last, ZONE):
        stopping.check()
        _store_days(session, daily(session, days))
    outside = or_(DailySalesMetrics.date < first, DailySalesMetrics.date > last)
    session.execute(delete(DailySalesMetrics).where(outside))
    _store_segments(session)
    session.commit()


def _first_and_last_day(session: Session) -> tuple[date, date]:
    """Give the days of the first sale and the last. Without sales no day lies between them."""
    sold_on = local_day(Sale.sold_at, ZONE)
    first = session.scalar(select(func.min(sold_on)))
    last = session.scalar(select(func.max(sold_on)))
    return first or date.max, last or date.min


def _store_days(session: Session, days: list[DailyMetrics]) -> None:
    rows: list[dict[str, Any]] = [
        {**day.model_dump(exclude=_BREAKDOWNS), **day.model_dump(mode="json", include=_BREAKDOWNS)} for day in days
    ]
    statement = insert(DailySalesMetrics).values(rows)
    computed = {"computed_at": func.statement_timestamp()}
    session.execute(_where_different(statement, DailySalesMetrics, ["date"], list(DailyMetrics.model_fields), computed))


def _store_segments(session: Session) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    rows = [{**segment.model_dump(), "as_of": yesterday} for segment in segments(session, yesterday, ZONE)]
    statement = insert(CustomerSegment).values(rows)
    session.execute(_where_different(statement, CustomerSegment, ["name", "as_of"], list(rows[0]), {}))


def _where_different(
    statement: Insert,
    table: type[DailySalesMetrics] | type[CustomerSegment],
    key: list[str],
    columns: list[str],
    further: dict[str, Any],
) -> Insert:
    """Have rows that exist replaced, but only by others."""
    values = [name for name in columns if name not in key]
    stored = tuple_(*(getattr(table, name) for name in values))
    given = tuple_(*(statement.excluded[name] for name in values))
    return statement.on_conflict_do_update(
        index_elements=key,
        set_={**{name: statement.excluded[name] for name in values}, **further},
        where=stored.is_distinct_from(given),
    )
