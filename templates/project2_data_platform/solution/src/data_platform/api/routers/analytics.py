"""Figures over the warehouse."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from data_platform.analytics import metrics, products, segments
from data_platform.analytics.figures import Ranking
from data_platform.api.analytics_schemas import DailyMetricsRead, SegmentsRead, SummaryRead, TopProductsRead
from data_platform.api.auth import GuardedRoute
from data_platform.api.parameters import DatabaseSession
from data_platform.api.ranges import Day, DayRangeFields, Zone

router = APIRouter(prefix="/api/v1/analytics", route_class=GuardedRoute)


class TopProductsQuery(DayRangeFields):
    """A range, what to rank by, and how many."""

    by: Ranking = "revenue"
    limit: Annotated[int, Query(ge=1, le=100)] = 10


@router.get("/summary")
def get_summary(query: Annotated[DayRangeFields, Query()], session: DatabaseSession) -> SummaryRead:
    """Give revenue, orders, units and customers over a range of days."""
    return SummaryRead(**query.model_dump(), **dict(metrics.summarise(session, query.days)))


@router.get("/daily")
def get_daily_metrics(query: Annotated[DayRangeFields, Query()], session: DatabaseSession) -> DailyMetricsRead:
    """Give one row for every day of the range in the caller's time zone, empty days included."""
    return DailyMetricsRead(**query.model_dump(), items=metrics.daily(session, query.days))


@router.get("/top-products")
def get_top_products(query: Annotated[TopProductsQuery, Query()], session: DatabaseSession) -> TopProductsRead:
    """Rank the products by revenue or units."""
    items = products.top_products(session, query.days, query.by, query.limit)
    return TopProductsRead(**query.model_dump(exclude={"limit"}), items=items)


@router.get("/segments")
def get_segments(session: DatabaseSession, as_of: Day | None = None, timezone: Zone = "UTC") -> SegmentsRead:
    """Divide the customers by recency, frequency and monetary value."""
    looked_back_from = as_of or datetime.now(ZoneInfo(timezone)).date()
    items = segments.segments(session, looked_back_from, timezone)
    return SegmentsRead(as_of=looked_back_from, timezone=timezone, items=items)
