"""Figures over the warehouse."""

from fastapi import APIRouter, Depends

from data_platform.api.auth import require_user
from data_platform.api.problems import NotBuiltYetError

router = APIRouter(prefix="/api/v1/analytics", dependencies=[Depends(require_user)])

# TODO(m5.5): start and end as one dependency: end not before start, at most 366 days, a time zone that exists.


@router.get("/summary")
def get_summary() -> None:
    """TODO(m5.1): give revenue, orders, units and customers over a range of days."""
    raise NotBuiltYetError("m5.1", "m5-analytics")


@router.get("/daily")
def get_daily_metrics() -> None:
    """TODO(m5.2): give one row for every day of the range in the caller's time zone, empty days included."""
    raise NotBuiltYetError("m5.2", "m5-analytics")


@router.get("/top-products")
def get_top_products() -> None:
    """TODO(m5.3): rank the products by revenue or units."""
    raise NotBuiltYetError("m5.3", "m5-analytics")


@router.get("/segments")
def get_segments() -> None:
    """TODO(m5.4): divide the customers by recency, frequency and monetary value."""
    raise NotBuiltYetError("m5.4", "m5-analytics")
