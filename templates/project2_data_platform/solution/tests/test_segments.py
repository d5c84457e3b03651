"""Customer segments: each edge of each rule, from both sides."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.sales import sale, store

AS_OF = date(2026, 6, 30)
CRITERIA = {
    "champions": "R <= 30, F >= 5, M >= 500.00",
    "loyal": "R <= 90, F >= 3",
    "recent": "R <= 30",
    "at_risk": "R 91-180, F >= 2",
    "lost": "R >= 181",
    "occasional": "everyone else",
}


def ask(client: TestClient, **parameters: str) -> dict[str, tuple[int, str]]:
    response = client.get("/api/v1/analytics/segments", params=parameters)
    assert response.status_code == 200, response.text
    items = response.json()["items"]
    assert {item["name"]: item["criteria"] for item in items} == CRITERIA
    assert [item["name"] for item in items] == list(CRITERIA)
    return {item["name"]: (item["customers"], item["revenue"]) for item in items if item["customers"]}


def customer(recency: int, orders: int, revenue: str, name: str = "C-1") -> list[dict[str, Any]]:
    """Give a customer's sales: the last one `recency` days before AS_OF, the others a year earlier, worth nothing."""
    last = AS_OF - timedelta(days=recency)
    earlier = [
        sale(number, f"{last - timedelta(days=365)}", "0.00", transaction_id=f"{name}-{number}", customer_id=name)
        for number in range(1, orders)
    ]
    return [*earlier, sale(0, f"{last}T12:00:00", revenue, transaction_id=f"{name}-0", customer_id=name)]


@pytest.mark.parametrize(
    ("bought", "segment"),
    [
        ((0, 5, "500.00"), "champions"),
        ((30, 5, "500.00"), "champions"),
        ((31, 5, "500.00"), "loyal"),
        ((30, 4, "500.00"), "loyal"),
        ((30, 5, "499.99"), "loyal"),
        ((90, 3, "0.00"), "loyal"),
        ((0, 1, "0.00"), "recent"),
        ((30, 2, "900.00"), "recent"),
        ((31, 2, "900.00"), "occasional"),
        ((90, 2, "1.00"), "occasional"),
        ((91, 2, "1.00"), "at_risk"),
        ((91, 3, "1.00"), "at_risk"),
        ((91, 1, "1.00"), "occasional"),
        ((180, 2, "1.00"), "at_risk"),
        ((180, 1, "1.00"), "occasional"),
        ((181, 2, "1.00"), "lost"),
        ((181, 1, "1.00"), "lost"),
        ((4000, 9, "9000.00"), "lost"),
    ],
)
def test_the_first_rule_that_fits_decides(
    client: TestClient, session: Session, bought: tuple[int, int, str], segment: str
) -> None:
    store(session, *customer(*bought))
    assert ask(client, as_of=str(AS_OF)) == {segment: (1, bought[-1])}


def test_all_six_are_answered_without_any_customer(client: TestClient) -> None:
    response = client.get("/api/v1/analytics/segments", params={"as_of": "2026-06-30", "timezone": "Asia/Tokyo"})
    assert response.json() == {
        "as_of": "2026-06-30",
        "timezone": "Asia/Tokyo",
        "items": [
            {"name": name, "criteria": criteria, "customers": 0, "revenue": "0.00"}
            for name, criteria in CRITERIA.items()
        ],
    }


def test_customers_of_a_segment_are_added_up(client: TestClient, session: Session) -> None:
    store(session, *customer(5, 1, "1.10", "A"), *customer(9, 1, "2.20", "B"), *customer(200, 1, "4.00", "C"))
    assert ask(client, as_of=str(AS_OF)) == {"recent": (2, "3.30"), "lost": (1, "4.00")}


def test_sales_after_the_day_do_not_exist(client: TestClient, session: Session) -> None:
    store(
        session,
        sale(1, "2026-06-30T23:59:59", "1.00"),
        sale(2, "2026-07-01T00:00:00", "700.00"),
        sale(3, "2026-07-01T00:00:00", "700.00", customer_id="later"),
    )
    assert ask(client, as_of="2026-06-30") == {"recent": (1, "1.00")}
    assert ask(client, as_of="2026-06-29") == {}


def test_the_day_is_that_of_the_zone(client: TestClient, session: Session) -> None:
    store(session, sale(1, "2026-06-30T22:30:00", "1.00"))
    assert ask(client, as_of="2026-06-30", timezone="Europe/Berlin") == {}
    assert ask(client, as_of="2026-07-31", timezone="Europe/Berlin") == {"recent": (1, "1.00")}
    assert ask(client, as_of="2026-07-31", timezone="UTC") == {"occasional": (1, "1.00")}


def test_without_a_day_it_is_today_in_the_zone(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2026, 6, 30, 23, 30, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr("data_platform.api.routers.analytics.datetime", Clock)
    for timezone, today in (("UTC", "2026-06-30"), ("Europe/Berlin", "2026-07-01")):
        response = client.get("/api/v1/analytics/segments", params={"timezone": timezone})
        assert response.json()["as_of"] == today


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"as_of": "2026-02-29"}, "as_of"), ({"as_of": "1"}, "as_of"), ({"timezone": "x"}, "timezone")],
)
def test_an_impossible_day_or_zone_is_refused(client: TestClient, parameters: dict[str, str], field: str) -> None:
    response = client.get("/api/v1/analytics/segments", params=parameters)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
