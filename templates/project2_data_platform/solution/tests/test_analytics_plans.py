"""The queries of the analytics can use the indexes that were made for them."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from data_platform.analytics import metrics, products
from data_platform.analytics.ranges import DayRange

WEEK = DayRange(date(2026, 3, 2), date(2026, 3, 8), "Europe/Berlin")


def plan(session: Session, ask: Callable[[], object]) -> str:
    """Give PostgreSQL's plan of what is asked, as it would be for a table too large to read as a whole."""
    session.execute(text("SET LOCAL enable_seqscan = off"))
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
def test_a_week_is_found_by_index(session: Session, count: Callable[[Session, DayRange], object]) -> None:
    found = plan(session, lambda: count(session, WEEK))
    assert "ix_sales_sold_at" in found
    assert "ix_customers_first_sale_at" in found


def test_the_products_of_a_week_are_found_by_index(session: Session) -> None:
    assert "ix_sales_sold_at" in plan(session, lambda: products.top_products(session, WEEK, "units", 10))
