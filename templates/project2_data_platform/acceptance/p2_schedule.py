"""The daily metrics that the beat schedule writes down, held to the grader's figures."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import p2_database
from p2_figures import Figures, Sale, as_csv
from p2_platform import Ingestion

from checks.acceptance import blocked

Json = dict[str, Any]
METRICS = (
    "revenue",
    "orders",
    "units",
    "average_order_value",
    "unique_customers",
    "new_customers",
    "returning_customers",
)
ENV = {"DAILY_METRICS_SCHEDULE": "@every 2s"}  # of the application on which it is looked at
PARTS = ("by_region", "by_category", "by_payment_method")


def night_sales(prefix: str, days: list[date]) -> list[Sale]:
    """Give a sale in the last second of each of these days, and a second one on every third of them."""
    moments = [datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC) for day in (*days, *days[::3])]
    return [
        Sale(
            transaction_id=f"{prefix}-{number:03d}",
            sold_at=moment,
            customer_id=f"{prefix}-C-{number % 9}",
            product_id=f"{prefix}-P-{number % 4}",
            product_name=f"Night product {number % 4}",
            category=("Books", "Games")[number % 2],
            quantity=1 + number % 5,
            unit_price=Decimal(100 + secrets.randbelow(9_900)) / 100,
            discount=Decimal("0.00"),
            tax=Decimal("0.05"),
            payment_method=("card", "cash")[number % 2],
            region=("North", "South")[number % 2],
        )
        for number, moment in enumerate(moments)
    ]


@dataclass(frozen=True)
class Wrong:
    """A day whose row isn't as it should be; None where there is none."""

    day: date
    expected: Any
    actual: Any


@dataclass(frozen=True)
class Nights:
    """What was wrong in the table of daily metrics, if anything, when its time was up: after each of two files."""

    first: Wrong | None
    corrected: Wrong | None
    days: list[date]


def run_every_two_seconds(app: Any, ingestion: Ingestion, limits: Any) -> Nights:
    """Import sales on every other day of April 2009, then corrections of some. Beat runs by the schedule of `ENV`."""
    seconds = limits.daily_metrics_lag_seconds
    if app.sql("select to_regclass('warehouse.daily_sales_metrics')") == [(None,)]:
        blocked("there is no table warehouse.daily_sales_metrics", by="acceptance.m2.warehouse-tables")
    prefix = f"M8{secrets.token_hex(2)}-NIGHT"
    sales = night_sales(prefix, [date(2009, 4, day) for day in range(1, 31, 2)])
    moved = replace(sales[2], sold_at=sales[2].sold_at - timedelta(days=1))  # leaves an empty day behind
    dearer = replace(sales[4], unit_price=sales[4].unit_price + Decimal("33.33"))
    late = night_sales(f"{prefix}-LATE", [date(2009, 4, 9)])
    source = ingestion.import_file(as_csv(sales)).source
    first = _await_metrics(app, seconds)
    if first is None:
        ingestion.import_file(as_csv([moved, dearer, *late]), source=source)
    corrected = first or _await_metrics(app, seconds)
    return Nights(first, corrected, [row[0] for row in app.sql("select date from warehouse.daily_sales_metrics")])


def _await_metrics(app: Any, seconds: float) -> Wrong | None:
    """Wait until the table is right. Give the first day that is not, when time is up.

    What is right is asked each time: orders may come in meanwhile.
    """
    deadline = time.monotonic() + seconds
    while (wrong := _first_wrong_day(app)) is not None and time.monotonic() < deadline:
        time.sleep(0.2)
    return wrong


def _first_wrong_day(app: Any) -> Wrong | None:
    right: dict[date, Json] = Figures(p2_database.every_sale(app)).every_day()
    rows = app.sql(
        "select date, revenue, orders, units, average_order_value, unique_customers, new_customers,"
        " returning_customers, by_region, by_category, by_payment_method from warehouse.daily_sales_metrics"
    )
    stored = {row[0]: [*map(str, row[1:8]), *map(_revenues, row[8:])] for row in rows}
    for day in sorted(right.keys() | stored.keys()):
        figures = right.get(day)
        wanted = figures and [*(str(figures[m]) for m in METRICS), *(_revenues(figures[b]) for b in PARTS)]
        if stored.get(day) != wanted:
            return Wrong(day, wanted, stored.get(day))
    return None


def _revenues(breakdown: Any) -> Any:
    """Give revenue by key. How the column holds it is left open: as in the contract, or as an object by key."""
    try:
        if isinstance(breakdown, dict):
            parts = [(key, part["revenue"] if isinstance(part, dict) else part) for key, part in breakdown.items()]
        else:
            parts = [(part["key"], part["revenue"]) for part in breakdown]
        return {key: Decimal(str(revenue)) for key, revenue in parts}
    except (KeyError, TypeError, InvalidOperation):
        return breakdown  # neither: it is shown as it stands


CASES: dict[str, Callable[[Any, Ingestion, Any], Nights]] = {"nights": run_every_two_seconds}
