"""Reports over HTTP: ordered, built by the worker, and the same for ever."""

import csv
from collections.abc import Callable
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data_platform import queue
from data_platform.analytics import metrics
from data_platform.database import get_session
from data_platform.operational import Report
from data_platform.worker.report_building import build
from data_platform.worker.running import Outcome, run
from tests.sales import sale, store

BASE = "/api/v1/reports"
MARCH = {"start": "2026-03-01", "end": "2026-03-31", "timezone": "Europe/Berlin"}
Messages = Callable[[], list[tuple[str, list[str], str | None]]]


def order(client: TestClient, **fields: Any) -> dict[str, Any]:
    response = client.post(BASE, json={**MARCH, **fields})
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    return body


def get(client: TestClient, report: dict[str, Any], accept: str) -> Any:
    return client.get(f"{BASE}/{report['id']}", headers={"Accept": accept})


def test_an_ordered_report_is_pending_and_waits_in_the_queue(client: TestClient, messages: Messages) -> None:
    response = client.post(BASE, json={**MARCH, "title": " March "}, headers={"X-Request-Id": "order-1"})
    body = response.json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"{BASE}/{body['id']}"
    assert messages() == [("build_report", [body["job_id"]], "order-1")]
    assert body.pop("created_at").endswith("Z")
    assert {UUID(body.pop("id")).version, UUID(body.pop("job_id")).version} == {4}
    assert body == {**MARCH, "title": "March", "status": "pending", "error": None, "completed_at": None}


def test_a_report_without_a_title_is_named_by_its_range(client: TestClient, messages: Messages) -> None:
    response = client.post(BASE, json={"start": "2026-03-01", "end": "2026-03-31"})
    assert response.json()["title"] == "Sales 2026-03-01 to 2026-03-31"
    assert response.json()["timezone"] == "UTC"


def test_its_job_and_its_state_can_be_read(client: TestClient, messages: Messages) -> None:
    report = order(client)
    assert get(client, report, "*/*").json() == report
    job = client.get(f"/api/v1/jobs/{report['job_id']}").json()
    assert (job["kind"], job["report_id"], job["import_id"], job["status"]) == ("report", report["id"], None, "pending")


def test_a_report_that_can_not_be_queued_was_never_ordered(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_arguments: object, **_named: object) -> None:
        raise queue.QueueUnavailableError("The job could not be queued. Try again later.")

    monkeypatch.setattr(queue, "send", unreachable)
    response = client.post(BASE, json=MARCH)
    assert response.status_code == 503
    assert response.json()["detail"] == "The job could not be queued. Try again later."
    assert session.scalars(select(Report)).all() == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"start": None}, ["start"]),
        ({"end": "2026-02-28"}, ["end"]),
        ({"end": "2027-03-02"}, ["end"]),
        ({"start": 20_260_301}, ["start"]),
        ({"timezone": "Mars"}, ["timezone"]),
        ({"timezone": None}, ["timezone"]),
        ({"title": " "}, ["title"]),
        ({"title": "x" * 121}, ["title"]),
        ({"title": "a\x00b"}, ["title"]),
        ({"title": None}, ["title"]),
        ({"colour": "red"}, ["colour"]),
        ({"start": "x", "title": 7}, ["start", "title"]),
    ],
)
def test_an_impossible_report_is_refused_field_by_field(
    client: TestClient, session: Session, body: dict[str, Any], fields: list[str]
) -> None:
    response = client.post(BASE, json={**MARCH, **body})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == fields
    assert session.scalars(select(Report)).all() == []


def test_a_title_may_have_120_characters_and_a_range_366_days(client: TestClient, messages: Messages) -> None:
    assert order(client, title="x" * 120)["title"] == "x" * 120
    assert order(client, end="2027-03-01")["end"] == "2027-03-01"


@pytest.mark.parametrize("accept", ["text/csv", "text/html"])
def test_a_report_that_is_not_completed_has_no_figures(client: TestClient, messages: Messages, accept: str) -> None:
    response = get(client, order(client), accept)
    assert response.status_code == 409
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["detail"] == "The report is pending; only a completed one can be shown."


def test_an_unknown_report_is_a_404_and_an_impossible_id_a_422(client: TestClient) -> None:
    unknown = uuid4()
    response = client.get(f"{BASE}/{unknown}")
    assert (response.status_code, response.json()["detail"]) == (404, f"There is no report {unknown}.")
    assert client.get(f"{BASE}/7").json()["errors"][0]["field"] == "id"


def test_a_form_that_is_not_offered_is_a_406(client: TestClient, messages: Messages) -> None:
    response = get(client, order(client), "application/pdf")
    assert response.status_code == 406
    assert response.json()["detail"] == "Offered are application/json, text/csv and text/html."


@pytest.fixture
def everyday_client(lasting: Session, client: TestClient) -> TestClient:
    """Give a client whose requests commit, as in production."""
    client.app.dependency_overrides[get_session] = lambda: lasting  # type: ignore[attr-defined]
    return client


@pytest.fixture
def built(lasting: Session, everyday_client: TestClient, messages: Messages) -> dict[str, Any]:
    """Give a report of three sales, two of them in March, that the worker has built."""
    store(
        lasting,
        sale(1, "2026-02-28T23:30:00", "10.00", quantity=2, product_id="P-2", product_name="<i>Field</i> guide"),
        sale(2, "2026-03-31T21:59:59", "10.01", customer_id="=C-2"),
        sale(3, "2026-03-31T22:00:00", "99.00"),
    )
    lasting.commit()
    report = order(everyday_client, title="=1+1<b>")
    assert run(Report, UUID(report["job_id"]), build) is Outcome.SUCCESS
    lasting.expire_all()
    return report


def analytics(client: TestClient, path: str) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/api/v1/analytics/{path}", params=MARCH).json()
    return body


def test_a_built_report_is_completed_and_holds_what_analytics_say(
    built: dict[str, Any], everyday_client: TestClient, lasting: Session
) -> None:
    read = get(everyday_client, built, "application/json")
    assert read.headers["Vary"] == "Accept"
    assert read.json() == {**built, "status": "completed", "completed_at": read.json()["completed_at"]}
    figures = lasting.scalars(select(Report.figures)).one()
    summary, daily, products = (analytics(everyday_client, path) for path in ("summary", "daily", "top-products"))
    assert figures == {
        "summary": {name: value for name, value in summary.items() if name not in MARCH},
        "daily": daily["items"],
        "top_products": products["items"],
    }
    assert (summary["revenue"], summary["average_order_value"], summary["units"]) == ("20.01", "10.01", 3)


def test_its_csv_is_an_attachment_with_the_days_of_analytics(
    built: dict[str, Any], everyday_client: TestClient
) -> None:
    response = get(everyday_client, built, "text/csv")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="sales-2026-03-01-to-2026-03-31.csv"'
    assert response.headers["Vary"] == "Accept"
    rows = list(csv.DictReader(StringIO(response.text)))
    assert rows == [{name: str(day[name]) for name in rows[0]} for day in analytics(everyday_client, "daily")["items"]]


def test_its_page_shows_text_from_outside_as_text(built: dict[str, Any], everyday_client: TestClient) -> None:
    response = get(everyday_client, built, "text/html,*/*;q=0.8")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert response.headers["Vary"] == "Accept"
    assert "<h1>=1+1&lt;b&gt;</h1>" in response.text
    assert "&lt;i&gt;Field&lt;/i&gt; guide" in response.text


def test_later_sales_do_not_change_it(built: dict[str, Any], everyday_client: TestClient, lasting: Session) -> None:
    forms = ("text/csv", "text/html", "application/json")
    before = [get(everyday_client, built, form).text for form in forms]
    store(lasting, sale(4, "2026-03-10", "500.00"))
    lasting.commit()
    assert run(Report, UUID(built["job_id"]), build) is Outcome.SUCCESS
    lasting.expire_all()
    assert [get(everyday_client, built, form).text for form in forms] == before


def test_all_parts_of_a_report_are_of_one_moment(
    lasting: Session, everyday_client: TestClient, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = order(everyday_client)
    daily = "data_platform.reporting.compute.daily"

    def sold_meanwhile(session: Session, days: Any) -> list[Any]:
        store(lasting, sale(1, "2026-03-10", "500.00"))
        lasting.commit()
        return list(metrics.daily(session, days))

    monkeypatch.setattr(daily, sold_meanwhile)
    assert run(Report, UUID(report["job_id"]), build) is Outcome.SUCCESS
    lasting.expire_all()
    figures = lasting.scalars(select(Report.figures)).one()
    assert figures is not None
    assert (figures["summary"]["orders"], sum(day["orders"] for day in figures["daily"])) == (0, 0)
    assert lasting.scalar(text("SELECT count(*) FROM warehouse.sales")) == 1
