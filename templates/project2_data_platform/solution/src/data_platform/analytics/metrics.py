"""Revenue, orders, units and customers: over a range as a whole, and day by day."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, Text, func, literal, null, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from data_platform.analytics.figures import DailyMetrics, Metrics, Share, average
from data_platform.analytics.instants import day, in_range, local_day
from data_platform.analytics.ranges import DayRange
from data_platform.warehouse.models import Customer, Sale

_DIMENSIONS: Mapping[str, InstrumentedAttribute[str]] = {
    "by_region": Sale.region,
    "by_category": Sale.category,
    "by_payment_method": Sale.payment_method,
}


def summarise(session: Session, days: DayRange) -> Metrics:
    """Count over the range as a whole. A customer is new if their first sale ever lies in it."""
    whole = day(days.start)
    return Metrics(**_count(session, days, sold_on=whole, came_on=whole).get(days.start, {}))


def daily(session: Session, days: DayRange) -> list[DailyMetrics]:
    """Count each day by itself, days without sales included. A customer is new on the day of their first sale ever."""
    sold_on = local_day(Sale.sold_at, days.timezone)
    came_on = local_day(Customer.first_sale_at, days.timezone)
    counted = _count(session, days, sold_on, came_on)
    return [DailyMetrics(date=each, **counted.get(each, {})) for each in days.days()]


def _count(
    session: Session, days: DayRange, sold_on: ColumnElement[date], came_on: ColumnElement[date]
) -> dict[date, dict[str, Any]]:
    """Give the fields of Metrics for each day that has sales, where the two expressions tell the day.

    One statement, so that totals and breakdowns see the same sales, whatever is imported meanwhile.
    """
    sold = (
        select(sold_on.label("day"), Sale.customer_id, *_DIMENSIONS.values(), Sale.total, Sale.quantity)
        .where(in_range(Sale.sold_at, days))
        .cte("sold")
    )
    shares = [_part(name, sold, sold.c[column.key]) for name, column in _DIMENSIONS.items()]
    counted: dict[date, dict[str, Any]] = defaultdict(
        lambda: {"new_customers": 0, **{name: [] for name in _DIMENSIONS}}
    )
    for row in session.execute(union_all(_totals(sold), _new_customers(came_on, days), *shares)):
        fields = counted[row.day]
        match row.part:
            case "totals":
                fields.update(
                    revenue=row.revenue,
                    orders=row.orders,
                    units=row.units,
                    average_order_value=average(row.revenue, row.orders),
                    unique_customers=row.customers,
                )
            case "new_customers":
                fields["new_customers"] = row.customers
            case dimension:
                share = Share(key=row.key, revenue=row.revenue, orders=row.orders, units=row.units)
                fields[dimension].append(share)
    for fields in counted.values():
        fields["returning_customers"] = fields["unique_customers"] - fields["new_customers"]
        for name in _DIMENSIONS:
            fields[name].sort(key=lambda share: (-share.revenue, share.key))
    return counted


def _totals(sold: CTE) -> Select[Any]:
    # Collation "C": to count what differs needs no alphabet, and this one compares fastest.
    customers = func.count(sold.c.customer_id.collate("C").distinct())
    return select(
        literal("totals", Text).label("part"),
        sold.c.day,
        null().cast(Text).label("key"),
        func.sum(sold.c.total).label("revenue"),
        func.count().label("orders"),
        func.sum(sold.c.quantity).label("units"),
        customers.label("customers"),
    ).group_by(sold.c.day)


def _part(name: str, sold: CTE, key: ColumnElement[str]) -> Select[Any]:
    return select(
        literal(name, Text), sold.c.day, key, func.sum(sold.c.total), func.count(), func.sum(sold.c.quantity), null()
    ).group_by(sold.c.day, key)


def _new_customers(came_on: ColumnElement[date], days: DayRange) -> Select[Any]:
    # No look at the sales: that a customer came on a day means that the first of their sales is in it.
    columns: list[Any] = [literal("new_customers", Text), came_on.label("day"), *[null()] * 4, func.count()]
    return select(*columns).where(in_range(Customer.first_sale_at, days)).group_by("day")
