"""The analytics, over HTTP, with figures that can be added up in the head."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.sales import sale, store

BASE = "/api/v1/analytics"
MARCH = {"start": "2026-03-01", "end": "2026-03-31"}
EMPTY = {
    "revenue": "0.00",
    "orders": 0,
    "units": 0,
    "average_order_value": "0.00",
    "unique_customers": 0,
    "new_customers": 0,
    "returning_customers": 0,
    "by_region": [],
    "by_category": [],
    "by_payment_method": [],
}


def get(client: TestClient, path: str, **parameters: Any) -> dict[str, Any]:
    response = client.get(f"{BASE}/{path}", params=parameters)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def share(key: str, revenue: str, orders: int, units: int) -> dict[str, Any]:
    return {"key": key, "revenue": revenue, "orders": orders, "units": units}


def test_a_summary_counts_revenue_orders_units_and_customers(client: TestClient, session: Session) -> None:
    store(
        session,
        sale(1, "2026-02-28T23:59:59", "99.00"),
        sale(2, "2026-03-01T00:00:00", "20.00", quantity=2, region="South"),
        sale(3, "2026-03-01T12:00:00", "10.01", customer_id="C-2", payment_method="cash"),
        sale(4, "2026-03-31T23:59:59", "10.01", customer_id="C-2", category="Games", quantity=3),
        sale(5, "2026-04-01T00:00:00", "99.00", customer_id="C-3"),
    )
    assert get(client, "summary", **MARCH) == {
        **MARCH,
        "timezone": "UTC",
        "revenue": "40.02",
        "orders": 3,
        "units": 6,
        "average_order_value": "13.34",
        "unique_customers": 2,
        "new_customers": 1,
        "returning_customers": 1,
        "by_region": [share("North", "20.02", 2, 4), share("South", "20.00", 1, 2)],
        "by_category": [share("Books", "30.01", 2, 3), share("Games", "10.01", 1, 3)],
        "by_payment_method": [share("card", "30.01", 2, 5), share("cash", "10.01", 1, 1)],
    }


def test_equal_shares_are_sorted_by_the_codes_of_their_letters(client: TestClient, session: Session) -> None:
    regions = ("b", "B", "Ä", "a", "Z")
    store(session, *(sale(number, "2026-03-01", region=region) for number, region in enumerate(regions)))
    keys = [entry["key"] for entry in get(client, "summary", **MARCH)["by_region"]]
    assert keys == ["B", "Z", "a", "b", "Ä"]


def test_every_day_has_its_row(client: TestClient, session: Session) -> None:
    store(
        session,
        sale(1, "2026-03-01T10:00:00", "5.00"),
        sale(2, "2026-03-03T10:00:00", "7.00"),
        sale(3, "2026-03-03T11:00:00", "8.00", customer_id="C-2"),
    )
    body = get(client, "daily", start="2026-02-28", end="2026-03-04", timezone="Asia/Tokyo")
    assert (body["start"], body["end"], body["timezone"]) == ("2026-02-28", "2026-03-04", "Asia/Tokyo")
    first, second, third, fourth, fifth = body["items"]
    assert [first, third, fifth] == [{"date": f"2026-{day}", **EMPTY} for day in ("02-28", "03-02", "03-04")]
    assert second == {
        "date": "2026-03-01",
        "revenue": "5.00",
        "orders": 1,
        "units": 1,
        "average_order_value": "5.00",
        "unique_customers": 1,
        "new_customers": 1,
        "returning_customers": 0,
        "by_region": [share("North", "5.00", 1, 1)],
        "by_category": [share("Books", "5.00", 1, 1)],
        "by_payment_method": [share("card", "5.00", 1, 1)],
    }
    assert (fourth["date"], fourth["revenue"], fourth["average_order_value"]) == ("2026-03-03", "15.00", "7.50")
    assert (fourth["unique_customers"], fourth["new_customers"], fourth["returning_customers"]) == (2, 1, 1)


def test_a_range_without_sales_is_all_zeros(client: TestClient) -> None:
    assert get(client, "summary", **MARCH) == {**MARCH, "timezone": "UTC", **EMPTY}
    assert len(get(client, "daily", **MARCH)["items"]) == 31
    assert get(client, "top-products", **MARCH)["items"] == []


@pytest.mark.parametrize(
    ("totals", "average"),
    [
        (("10.00", "10.01"), "10.01"),  # 10.005
        (("10.01", "10.02"), "10.02"),  # 10.015
        (("0.01", "0.01", "0.02"), "0.01"),  # 0.01333…
        (("0.00", "0.01"), "0.01"),  # 0.005
        (("0.00", "0.00", "0.01"), "0.00"),  # 0.00333…
        (("999999999999.99", "999999999999.98"), "999999999999.99"),
    ],
)
def test_averages_are_rounded_half_away_from_zero(
    client: TestClient, session: Session, totals: tuple[str, ...], average: str
) -> None:
    store(
        session,
        *(sale(number, "2026-03-01", total, customer_id=f"C-{number}") for number, total in enumerate(totals)),
    )
    assert get(client, "summary", **MARCH)["average_order_value"] == average
    assert get(client, "daily", start="2026-03-01", end="2026-03-01")["items"][0]["average_order_value"] == average


def test_a_customer_is_new_where_their_first_sale_ever_lies(client: TestClient, session: Session) -> None:
    store(
        session,
        sale(1, "2026-02-28T12:00:00", customer_id="before"),
        sale(2, "2026-03-05T12:00:00", customer_id="before"),
        sale(3, "2026-03-05T12:00:00", customer_id="in it"),
        sale(4, "2026-03-06T12:00:00", customer_id="in it"),
        sale(5, "2026-04-01T12:00:00", customer_id="after"),
    )
    summary = get(client, "summary", **MARCH)
    assert [summary[f"{kind}_customers"] for kind in ("unique", "new", "returning")] == [2, 1, 1]
    days = {day["date"]: day for day in get(client, "daily", **MARCH)["items"]}
    assert [days["2026-03-05"][f"{kind}_customers"] for kind in ("unique", "new", "returning")] == [2, 1, 1]
    assert [days["2026-03-06"][f"{kind}_customers"] for kind in ("unique", "new", "returning")] == [1, 0, 1]


@pytest.mark.parametrize(
    ("timezone", "sold_at", "day"),
    [
        ("UTC", "2026-03-01T23:59:59.999999Z", "2026-03-01"),
        ("UTC", "2026-03-02T00:00:00Z", "2026-03-02"),
        ("Europe/Berlin", "2026-03-01T22:59:59Z", "2026-03-01"),
        ("Europe/Berlin", "2026-03-01T23:00:00Z", "2026-03-02"),
        ("America/Los_Angeles", "2026-03-02T07:59:59Z", "2026-03-01"),
        ("America/Los_Angeles", "2026-03-02T08:00:00Z", "2026-03-02"),
        ("Asia/Kolkata", "2026-03-01T18:29:59Z", "2026-03-01"),
        ("Asia/Kolkata", "2026-03-01T18:30:00Z", "2026-03-02"),
        ("Pacific/Kiritimati", "2026-03-01T10:00:00Z", "2026-03-02"),
        ("Etc/GMT+12", "2026-03-02T11:59:59Z", "2026-03-01"),
        # The hour that is skipped, and the one that comes twice.
        ("Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"),
        ("Europe/Berlin", "2025-10-26T00:30:00Z", "2025-10-26"),
        ("Europe/Berlin", "2025-10-26T01:30:00Z", "2025-10-26"),
        ("Pacific/Auckland", "2026-04-04T13:30:00Z", "2026-04-05"),
        # Midnight comes twice: at one minute past, clocks went back to 23:01 of the day before.
        ("America/Goose_Bay", "2010-11-07T02:59:30Z", "2010-11-06"),
        ("America/Goose_Bay", "2010-11-07T03:00:30Z", "2010-11-07"),
        ("America/Goose_Bay", "2010-11-07T03:30:00Z", "2010-11-06"),
        # Midnight does not exist: the day began at one o'clock.
        ("Asia/Beirut", "2025-03-29T21:59:59Z", "2025-03-29"),
        ("Asia/Beirut", "2025-03-29T22:00:00Z", "2025-03-30"),
    ],
)
def test_a_sale_belongs_to_the_day_that_it_has_in_the_callers_zone(
    client: TestClient, session: Session, timezone: str, sold_at: str, day: str
) -> None:
    store(session, sale(1, sold_at))
    around = {end: str(date.fromisoformat(day) + timedelta(days=days)) for end, days in (("start", -2), ("end", 2))}
    items = get(client, "daily", **around, timezone=timezone)["items"]
    assert [item["date"] for item in items if item["orders"]] == [day]
    for path in ("summary", "daily", "top-products"):
        alone = get(client, path, start=day, end=day, timezone=timezone)
        assert (alone["orders"] if path == "summary" else alone["items"][0]["orders"]) == 1


def test_products_are_ranked_by_revenue_or_units(client: TestClient, session: Session) -> None:
    store(
        session,
        sale(1, "2026-03-01", "10.00", product_id="A", quantity=1),
        sale(2, "2026-03-02", "30.00", product_id="B", quantity=2, product_name="Chess", category="Games"),
        sale(3, "2026-03-03", "10.00", product_id="A", quantity=4),
        sale(4, "2026-04-01", "99.00", product_id="C", quantity=9),
    )
    guide = {"product_id": "A", "product_name": "Field guide", "category": "Books", "revenue": "20.00"}
    chess = {"product_id": "B", "product_name": "Chess", "category": "Games", "revenue": "30.00"}
    assert get(client, "top-products", **MARCH) == {
        **MARCH,
        "timezone": "UTC",
        "by": "revenue",
        "items": [{"rank": 1, **chess, "orders": 1, "units": 2}, {"rank": 2, **guide, "orders": 2, "units": 5}],
    }
    assert get(client, "top-products", **MARCH, by="units") == {
        **MARCH,
        "timezone": "UTC",
        "by": "units",
        "items": [{"rank": 1, **guide, "orders": 2, "units": 5}, {"rank": 2, **chess, "orders": 1, "units": 2}],
    }


@pytest.mark.parametrize(("by", "ranked"), [("revenue", ["b", "Z", "a", "c"]), ("units", ["c", "b", "Z", "a"])])
def test_ties_are_broken_by_the_other_figure_then_by_id(
    client: TestClient, session: Session, by: str, ranked: list[str]
) -> None:
    store(
        session,
        sale(1, "2026-03-01", "10.00", product_id="a", quantity=2),
        sale(2, "2026-03-01", "10.00", product_id="Z", quantity=2),
        sale(3, "2026-03-01", "10.00", product_id="b", quantity=3),
        sale(4, "2026-03-01", "9.00", product_id="c", quantity=4),
    )
    items = get(client, "top-products", **MARCH, by=by)["items"]
    assert [item["product_id"] for item in items] == ranked
    assert [item["rank"] for item in items] == [1, 2, 3, 4]


def test_a_product_is_called_as_in_its_latest_sale(client: TestClient, session: Session) -> None:
    store(
        session,
        sale(1, "2026-03-02", product_name="New name", category="Guides"),
        sale(2, "2026-03-01", product_name="Old name"),
    )
    (item,) = get(client, "top-products", **MARCH)["items"]
    assert (item["product_name"], item["category"], item["orders"]) == ("New name", "Guides", 2)


def test_as_many_products_are_given_as_asked_for(client: TestClient, session: Session) -> None:
    store(session, *(sale(number, "2026-03-01", product_id=f"P-{number:03}") for number in range(101)))
    found = {limit: get(client, "top-products", **MARCH, limit=limit)["items"] for limit in (1, 100)}
    assert [item["product_id"] for item in found[1]] == ["P-000"]
    assert [item["rank"] for item in found[100]] == list(range(1, 101))
    assert len(get(client, "top-products", **MARCH)["items"]) == 10


@pytest.mark.parametrize("path", ["summary", "daily", "top-products"])
@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"start": None}, ["start"]),
        ({"end": None}, ["end"]),
        ({"start": None, "end": None, "timezone": "Mars"}, ["start", "end", "timezone"]),
        ({"end": "2026-02-28"}, ["end"]),
        ({"end": "2027-03-02"}, ["end"]),
        ({"start": "2026-02-29"}, ["start"]),
        ({"start": "2026-3-1"}, ["start"]),
        ({"start": "0"}, ["start"]),
        ({"start": "2026-03-01T00:00:00"}, ["start"]),
        ({"start": "२०२६-०३-०१"}, ["start"]),
        ({"start": ""}, ["start"]),
        ({"end": "tomorrow"}, ["end"]),
        ({"timezone": "Mars/Base"}, ["timezone"]),
        ({"timezone": ""}, ["timezone"]),
        ({"timezone": "UTC\x00"}, ["timezone"]),
    ],
)
def test_an_impossible_range_is_refused_by_name(
    client: TestClient, path: str, changed: dict[str, str | None], fields: list[str]
) -> None:
    wanted = {name: value for name, value in {**MARCH, **changed}.items() if value is not None}
    response = client.get(f"{BASE}/{path}", params=wanted)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == fields


def test_a_leap_day_a_single_day_and_366_days_are_answered(client: TestClient) -> None:
    leap_day = get(client, "daily", start="2024-02-29", end="2024-02-29")
    assert [item["date"] for item in leap_day["items"]] == ["2024-02-29"]
    assert len(get(client, "daily", start="2024-01-01", end="2024-12-31")["items"]) == 366
    assert len(get(client, "daily", start="2026-03-01", end="2027-03-01")["items"]) == 366


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_answered(client: TestClient, day: str) -> None:
    assert get(client, "daily", start=day, end=day)["items"] == [{"date": day, **EMPTY}]
    assert get(client, "segments", as_of=day)["as_of"] == day


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"limit": "ten"}, "limit"), ({"by": "name"}, "by")],
)
def test_an_impossible_ranking_is_refused(client: TestClient, parameters: dict[str, Any], field: str) -> None:
    response = client.get(f"{BASE}/top-products", params={**MARCH, **parameters})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
