"""The tables of daily metrics and customer segments, as the schedule keeps them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from data_platform.analytics.segments import segments
from data_platform.database import get_engine
from data_platform.warehouse.models import CustomerSegment, DailySalesMetrics, Sale
from data_platform.worker import stopping
from data_platform.worker.daily_metrics import refresh
from tests.sales import sale, store

COUNTS = ("orders", "units", "unique_customers", "new_customers", "returning_customers")


def rows(session: Session) -> dict[str, tuple[Any, ...]]:
    session.expire_all()
    found = session.scalars(select(DailySalesMetrics).order_by(DailySalesMetrics.date))
    return {
        str(row.date): (str(row.revenue), str(row.average_order_value), *(getattr(row, name) for name in COUNTS))
        for row in found
    }


def test_every_utc_day_from_the_first_sale_to_the_last_has_a_row(session: Session) -> None:
    store(
        session,
        sale(1, "2026-03-01T23:59:59", "10.00"),
        sale(2, "2026-03-03T00:00:00", "10.01", quantity=2),
        sale(3, "2026-03-03T12:00:00", "10.00", customer_id="C-2", region="South"),
    )
    refresh(session)
    assert rows(session) == {
        "2026-03-01": ("10.00", "10.00", 1, 1, 1, 1, 0),
        "2026-03-02": ("0.00", "0.00", 0, 0, 0, 0, 0),
        "2026-03-03": ("20.01", "10.01", 2, 3, 2, 1, 1),
    }
    last = session.get_one(DailySalesMetrics, date(2026, 3, 3))
    assert last.by_region == [
        {"key": "North", "revenue": "10.01", "orders": 1, "units": 2},
        {"key": "South", "revenue": "10.00", "orders": 1, "units": 1},
    ]
    assert last.by_category == [{"key": "Books", "revenue": "20.01", "orders": 2, "units": 3}]
    assert last.by_payment_method == [{"key": "card", "revenue": "20.01", "orders": 2, "units": 3}]
    assert session.get_one(DailySalesMetrics, date(2026, 3, 2)).by_region == []


def test_a_second_run_touches_only_what_changed(lasting: Session) -> None:
    store(lasting, sale(1, "2026-03-01"), sale(2, "2026-03-02"), sale(3, "2026-03-03"))
    refresh(lasting)
    versions = text("SELECT date::text, xmin::text, computed_at FROM warehouse.daily_sales_metrics ORDER BY date")
    first = lasting.execute(versions).all()
    refresh(lasting)
    assert lasting.execute(versions).all() == first

    lasting.execute(update(Sale).where(Sale.transaction_id == "T-2").values(total=Decimal("99.00")))
    refresh(lasting)
    second = lasting.execute(versions).all()
    assert [before == after for before, after in zip(first, second, strict=True)] == [True, False, True]
    assert second[1].computed_at > first[1].computed_at
    assert rows(lasting)["2026-03-02"][0] == "99.00"


def test_days_that_have_no_sales_around_them_any_more_go(session: Session) -> None:
    store(session, *(sale(day, f"2026-03-{day:02}") for day in range(1, 6)))
    refresh(session)
    assert list(rows(session)) == [f"2026-03-{day:02}" for day in range(1, 6)]
    session.execute(delete(Sale).where(Sale.transaction_id.in_(["T-1", "T-3", "T-5"])))
    refresh(session)
    assert list(rows(session)) == ["2026-03-02", "2026-03-03", "2026-03-04"]
    session.execute(delete(Sale))
    refresh(session)
    assert rows(session) == {}


def test_more_than_a_year_is_computed_in_parts(session: Session) -> None:
    store(session, sale(1, "2024-01-01"), sale(2, "2026-03-31"))
    refresh(session)
    found = rows(session)
    assert len(found) == 821
    assert [day for day, row in found.items() if row[0] != "0.00"] == ["2024-01-01", "2026-03-31"]


def test_yesterdays_segments_are_kept(session: Session) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    store(session, sale(1, f"{yesterday}T23:59:59", "5.00"), sale(2, f"{yesterday}", "7.00", customer_id="C-2"))
    session.add(
        CustomerSegment(name="recent", as_of=yesterday, criteria="old", customers=9, revenue=Decimal(1)),
    )
    session.add(
        CustomerSegment(name="recent", as_of=date(2026, 1, 1), criteria="older", customers=4, revenue=Decimal(2)),
    )
    refresh(session)
    session.expire_all()
    found = {
        (row.as_of, row.name): (row.criteria, row.customers, row.revenue)
        for row in session.scalars(select(CustomerSegment))
    }
    assert found.pop((date(2026, 1, 1), "recent")) == ("older", 4, Decimal(2))
    assert found == {
        (yesterday, segment.name): (segment.criteria, segment.customers, segment.revenue)
        for segment in segments(session, yesterday, "UTC")
    }
    assert found[yesterday, "recent"] == ("R <= 30", 2, Decimal("12.00"))
    assert len(found) == 6


def test_of_two_runs_at_once_one_leaves_it_to_the_other(lasting: Session) -> None:
    store(lasting, sale(1, "2026-03-01"))
    lasting.commit()
    with Session(get_engine()) as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0xDA117})
        refresh(lasting)
        assert rows(lasting) == {}
    refresh(lasting)
    assert list(rows(lasting)) == ["2026-03-01"]


def test_a_run_that_is_asked_to_end_changes_nothing(lasting: Session) -> None:
    store(lasting, sale(1, "2026-03-01"))
    lasting.commit()
    stopping.request()
    try:
        with pytest.raises(stopping.StoppingError):
            refresh(lasting)
    finally:
        stopping.withdraw()
    lasting.rollback()
    assert rows(lasting) == {}
