"""Customers, divided by recency, frequency and monetary value (RFM)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session

from data_platform.analytics.figures import NOTHING, Segment
from data_platform.analytics.instants import day, local_day
from data_platform.warehouse.models import Sale


@dataclass(frozen=True)
class Rule:
    """Who belongs to a segment. R: days since the last sale, F: number of orders, M: revenue."""

    name: str
    criteria: str
    recency_from: int = 0
    recency_to: int | None = None
    orders_from: int = 1
    revenue_from: Decimal = NOTHING


# The first one that fits decides. A test holds each edge of each rule against both sides.
RULES = (
    Rule("champions", "R <= 30, F >= 5, M >= 500.00", recency_to=30, orders_from=5, revenue_from=Decimal("500.00")),
    Rule("loyal", "R <= 90, F >= 3", recency_to=90, orders_from=3),
    Rule("recent", "R <= 30", recency_to=30),
    Rule("at_risk", "R 91-180, F >= 2", recency_from=91, recency_to=180, orders_from=2),
    Rule("lost", "R >= 181", recency_from=181),
    Rule("occasional", "everyone else"),
)


def segments(session: Session, as_of: date, timezone: str) -> list[Segment]:
    """Divide the customers who had bought by the end of the day `as_of`: all segments, in the order of the rules."""
    sold_on = local_day(Sale.sold_at, timezone)
    customers = (
        select(
            (day(as_of) - func.max(sold_on)).label("recency"),
            func.count().label("orders"),
            func.sum(Sale.total).label("revenue"),
        )
        .where(sold_on <= day(as_of))
        .group_by(Sale.customer_id)
        .cte("customers")
    )
    name = case(*((_fits(customers, rule), rule.name) for rule in RULES)).label("name")
    found = {
        row.name: row
        for row in session.execute(
            select(name, func.count().label("customers"), func.sum(customers.c.revenue).label("revenue")).group_by(name)
        )
    }
    return [_segment(rule, found.get(rule.name)) for rule in RULES]


def _fits(customers: CTE, rule: Rule) -> ColumnElement[bool]:
    column = customers.c
    return and_(
        column.recency >= rule.recency_from,
        true() if rule.recency_to is None else column.recency <= rule.recency_to,
        column.orders >= rule.orders_from,
        column.revenue >= rule.revenue_from,
    )


def _segment(rule: Rule, row: Any | None) -> Segment:
    customers, revenue = (0, NOTHING) if row is None else (row.customers, row.revenue)
    return Segment(name=rule.name, criteria=rule.criteria, customers=customers, revenue=revenue)
