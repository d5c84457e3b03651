"""The analytics equal figures that are computed from the same sales by another way: loops over a list."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.sales import sale, store_all

ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland")
YEAR = {"start": "2025-06-01", "end": "2026-05-31"}
Sales = list[dict[str, Any]]


def invented(count: int) -> Sales:
    dice = random.Random(20260301)
    begin = datetime(2025, 5, 20, tzinfo=UTC)
    return [
        sale(
            number,
            (begin + timedelta(seconds=dice.randrange(390 * 86_400))).isoformat(),
            f"{dice.randrange(100_000)}.{dice.randrange(100):02}",
            customer_id=f"C-{dice.randrange(150)}",
            product_id=f"P-{dice.randrange(30)}",
            quantity=dice.randint(1, 9),
            region=dice.choice(("North", "South", "Unknown")),
            category=dice.choice(("Books", "Games")),
            payment_method=dice.choice(("card", "cash", "wallet")),
        )
        for number in range(count)
    ]


def local(sold: dict[str, Any], zone: str) -> date:
    day: date = sold["sold_at"].astimezone(ZoneInfo(zone)).date()
    return day


def sums(sales: Sales) -> dict[str, Any]:
    return {
        "revenue": f"{sum((sold['total'] for sold in sales), Decimal(0)):.2f}",
        "orders": len(sales),
        "units": sum(sold["quantity"] for sold in sales),
    }


def grouped(sales: Sales, key: Callable[[dict[str, Any]], Any]) -> dict[Any, Sales]:
    groups: dict[Any, Sales] = defaultdict(list)
    for sold in sales:
        groups[key(sold)].append(sold)
    return groups


def shares(sales: Sales, field: str) -> list[dict[str, Any]]:
    entries = [{"key": key, **sums(group)} for key, group in grouped(sales, lambda sold: sold[field]).items()]
    return sorted(entries, key=lambda entry: (-Decimal(entry["revenue"]), entry["key"]))


def expected(sales: Sales, new: set[str]) -> dict[str, Any]:
    customers = {sold["customer_id"] for sold in sales}
    revenue = sum((sold["total"] for sold in sales), Decimal(0))
    average = (revenue / max(len(sales), 1)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {
        **sums(sales),
        "average_order_value": str(average),
        "unique_customers": len(customers),
        "new_customers": len(customers & new),
        "returning_customers": len(customers - new),
        "by_region": shares(sales, "region"),
        "by_category": shares(sales, "category"),
        "by_payment_method": shares(sales, "payment_method"),
    }


@pytest.mark.parametrize("zone", ZONES)
def test_summary_days_and_products_equal_independent_figures(client: TestClient, session: Session, zone: str) -> None:
    everything = invented(600)
    store_all(session, everything)
    start, end = date(2025, 6, 1), date(2026, 5, 31)
    in_range = [sold for sold in everything if start <= local(sold, zone) <= end]
    first = {
        customer: local(min(group, key=lambda sold: sold["sold_at"]), zone)
        for customer, group in grouped(everything, lambda sold: sold["customer_id"]).items()
    }
    parameters = {**YEAR, "timezone": zone}

    new = {customer for customer, day in first.items() if start <= day <= end}
    summary = client.get("/api/v1/analytics/summary", params=parameters).json()
    assert summary == {**parameters, **expected(in_range, new)}

    by_day = grouped(in_range, lambda sold: local(sold, zone))
    days = [start + timedelta(days=number) for number in range(365)]
    daily = client.get("/api/v1/analytics/daily", params=parameters).json()
    assert daily["items"] == [
        {"date": str(day), **expected(by_day[day], {name for name, known in first.items() if known == day})}
        for day in days
    ]

    products = [
        {"product_id": product, "product_name": "Field guide", **sums(group)}
        for product, group in grouped(in_range, lambda sold: sold["product_id"]).items()
    ]
    products.sort(key=lambda item: (-item["units"], -Decimal(item["revenue"]), item["product_id"]))
    ranking = client.get("/api/v1/analytics/top-products", params={**parameters, "by": "units", "limit": 7}).json()
    without = [{name: value for name, value in item.items() if name != "category"} for item in ranking["items"]]
    assert without == [{"rank": rank, **product} for rank, product in enumerate(products[:7], 1)]


def test_every_customer_is_in_exactly_one_segment(client: TestClient, session: Session) -> None:
    everything = invented(600)
    store_all(session, everything)
    until = [sold for sold in everything if local(sold, "UTC") <= date(2026, 1, 31)]
    items = client.get("/api/v1/analytics/segments", params={"as_of": "2026-01-31"}).json()["items"]
    assert sum(item["customers"] for item in items) == len({sold["customer_id"] for sold in until})
    assert sum(Decimal(item["revenue"]) for item in items) == sum(sold["total"] for sold in until)
    assert sum(item["customers"] > 0 for item in items) >= 4
