"""The queries of the analytics can use the indexes that were made for them."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from data_platform.analytics import metrics, products
from data_platform.analytics.ranges import DayRange

WEEK = DayRange(date(2026, 3, 2), date(2026, 3, 8), "Europe/Berlin")
# Ten years of sales, one every four hours, each of another customer.
_SALES = """
    INSERT INTO warehouse.sales
    SELECT 'T-' || n, timestamptz '2016-06-01' + n * interval '4 hours', 'C-' || n, 'P-' || n % 50, 'Mug', 'Kitchen',
           1, 5, 0, 0, 5, 'card', 'North', 1
    FROM generate_series(1, 21900) AS n
"""
_CUSTOMERS = "INSERT INTO warehouse.customers SELECT customer_id, sold_at, sold_at FROM warehouse.sales"


@pytest.fixture
def ten_years(session: Session) -> Session:
    """Give a session that sees ten years of sales, and a planner that knows of them."""
    for statement in (_SALES, _CUSTOMERS, "ANALYZE warehouse.sales, warehouse.customers"):
        session.execute(text(statement))
    return session


def plan(session: Session, ask: Callable[[], object]) -> str:
    """Give PostgreSQL's plan of what is asked."""
    lines: list[str] = []

    def explain(connection: Connection, cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if not statement.startswith("EXPLAIN"):
            lines.extend(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))  # type: ignore[arg-type]

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", explain)
    try:
        ask()
    finally:
        event.remove(connection, "before_cursor_execute", explain)
    return "\n".join(lines)


@pytest.mark.parametrize("count", [metrics.summarise, metrics.daily])
def test_a_week_is_found_by_index(ten_years: Session, count: Callable[[Session, DayRange], object]) -> None:
    found = plan(ten_years, lambda: count(ten_years, WEEK))
    assert "ix_sales_sold_at" in found
    assert "ix_customers_first_sale_at" in found


def test_the_products_of_a_week_are_found_by_index(ten_years: Session) -> None:
    assert "ix_sales_sold_at" in plan(ten_years, lambda: products.top_products(ten_years, WEEK, "units", 10))
