"""The synchronisation of orders: the API, the worker and a pretended shop."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from data_platform import order_sync, queue
from data_platform.config import get_settings
from data_platform.database import get_engine, get_session
from data_platform.jobs import JobStatus, try_lock, unlock
from data_platform.observability.request_id import request_id
from data_platform.operational import DataSource, Import, OrderSyncRun, RawChunk, Reject, SyncCursor
from data_platform.warehouse.models import Customer, Sale
from data_platform.worker import order_sync as pulling
from data_platform.worker import stopping
from data_platform.worker.running import Outcome, run
from tests.shop import Reply, Shop, line, open_shop, order, page

PATH = "/api/v1/sync/orders"
TOKEN = "s3cret-token"
Messages = Callable[[], list[tuple[str, list[str], str | None]]]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Give a shop that the settings lead to. It has nothing until a test says so."""
    with open_shop(page(next_cursor="0")) as shop:
        monkeypatch.setenv("COMMERCE_API_URL", shop.url)
        monkeypatch.setenv("COMMERCE_API_TOKEN", TOKEN)
        get_settings.cache_clear()
        yield shop
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def api(lasting: Session, client: TestClient, messages: Messages) -> TestClient:
    """Give a client whose requests commit, as in production."""
    client.app.dependency_overrides[get_session] = lambda: lasting  # type: ignore[attr-defined]
    return client


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the seconds that a run would have waited."""
    seconds: list[float] = []
    monkeypatch.setattr(stopping, "wait", seconds.append)
    return seconds


def start(api: TestClient) -> str:
    response = api.post(PATH)
    assert response.status_code == 202, response.text
    job_id: str = response.json()["id"]
    return job_id


def pull(api: TestClient) -> Outcome:
    """Start a run and do the worker's part."""
    return run(OrderSyncRun, UUID(start(api)), pulling.sync)


def current(api: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = api.get(PATH).json()
    return body


def sales(lasting: Session) -> dict[str, str]:
    lasting.expire_all()
    return {
        sale.transaction_id: str(sale.total) for sale in lasting.scalars(select(Sale).order_by(Sale.transaction_id))
    }


def test_before_the_first_run_nothing_is_known(api: TestClient) -> None:
    assert current(api) == {"state": "never_run", "cursor": None, "last_run": None}


@pytest.mark.parametrize("missing", ["COMMERCE_API_URL", "COMMERCE_API_TOKEN"])
def test_without_address_or_token_it_is_a_503(
    api: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    get_settings.cache_clear()
    response = api.post(PATH)
    assert response.status_code == 503
    assert response.json()["detail"] == "COMMERCE_API_URL and COMMERCE_API_TOKEN are not set."
    assert current(api)["state"] == "never_run"


def test_a_started_run_is_a_job_in_the_queue(api: TestClient, shop: Shop, messages: Messages) -> None:
    response = api.post(PATH, headers={"X-Request-Id": "sync-1"})
    job = response.json()
    assert response.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert (job["kind"], job["status"], job["import_id"], job["report_id"]) == ("order_sync", "pending", None, None)
    assert messages() == [("sync_orders", [job["id"]], "sync-1")]
    assert current(api) == {
        "state": "running",
        "cursor": None,
        "last_run": {
            "job_id": job["id"],
            "status": "pending",
            "pages": 0,
            "orders": 0,
            "counts": {"records": 0, "processed": 0, "rejected": 0},
            "error": None,
            "started_at": None,
            "completed_at": None,
        },
    }


def test_orders_are_pulled_page_by_page(api: TestClient, shop: Shop, lasting: Session) -> None:
    shop.replies = [
        page(order(1, line(1), line(2, total="9.80", quantity=1, unit_price="9.80")), next_cursor="1", has_more=True),
        page(order(2, customer_id="C-8"), order(3), next_cursor="3", has_more=True),
        page(order(4), next_cursor="4"),
    ]
    assert pull(api) is Outcome.SUCCESS
    assert shop.cursors() == [None, "1", "3"]
    assert sales(lasting) == {
        "R-1-1": "39.80",
        "R-1-2": "9.80",
        "R-2-1": "39.80",
        "R-3-1": "39.80",
        "R-4-1": "39.80",
    }
    assert lasting.scalar(select(func.count()).select_from(Customer)) == 2
    state = current(api)
    last = state["last_run"]
    assert (state["state"], state["cursor"]) == ("ok", "4")
    assert (last["status"], last["pages"], last["orders"], last["error"]) == ("completed", 3, 4, None)
    assert last["counts"] == {"records": 5, "processed": 5, "rejected": 0}
    assert last["started_at"] <= last["completed_at"]
    assert {request.headers["authorization"] for request in shop.requests} == {f"Bearer {TOKEN}"}


def test_the_requests_carry_the_id_of_the_call_that_started_the_run(
    api: TestClient, shop: Shop, messages: Messages
) -> None:
    job = api.post(PATH, headers={"X-Request-Id": "sync-7"}).json()
    (_, _, caused_by) = messages()[0]
    with request_id(caused_by):
        run(OrderSyncRun, UUID(job["id"]), pulling.sync)
    assert [request.headers["x-request-id"] for request in shop.requests] == ["sync-7"]


def test_a_second_run_asks_once_from_the_cursor_on(api: TestClient, shop: Shop, lasting: Session) -> None:
    shop.replies = [page(order(1), next_cursor="1"), page(next_cursor="1")]
    pull(api)
    before = sales(lasting)
    assert pull(api) is Outcome.SUCCESS
    assert shop.cursors() == [None, "1"]
    assert sales(lasting) == before
    assert current(api)["cursor"] == "1"
    assert (current(api)["last_run"]["pages"], current(api)["last_run"]["orders"]) == (1, 0)
    assert lasting.scalar(select(func.count()).select_from(Import)) == 1


def test_an_order_that_changed_replaces_what_it_was(api: TestClient, shop: Shop, lasting: Session) -> None:
    changed = line(total="19.90", quantity=1)
    shop.replies = [
        page(order(1), order(2), next_cursor="2"),
        page(order(1, changed, customer_id="C-9"), order(3), next_cursor="4"),
    ]
    pull(api)
    pull(api)
    assert sales(lasting) == {"R-1-1": "19.90", "R-2-1": "39.80", "R-3-1": "39.80"}
    assert sorted(lasting.scalars(select(Customer.customer_id))) == ["C-7", "C-9"]
    assert current(api)["last_run"]["counts"] == {"records": 2, "processed": 2, "rejected": 0}


def test_an_order_that_is_twice_in_a_page_ends_as_its_later_self(api: TestClient, shop: Shop, lasting: Session) -> None:
    shop.replies = [page(order(1), order(2), order(1, line(total="19.90", quantity=1)), next_cursor="3")]
    pull(api)
    assert sales(lasting) == {"R-1-1": "19.90", "R-2-1": "39.80"}
    assert current(api)["last_run"]["counts"] == {"records": 3, "processed": 3, "rejected": 0}


def test_what_the_rules_refuse_is_a_reject_of_an_import_of_the_source_commerce(
    api: TestClient, shop: Shop, lasting: Session
) -> None:
    bad = line(2, quantity=0, product_id=" ")
    shop.replies = [
        page(order(1, line(1), bad), "no order", next_cursor="1", has_more=True),
        page(order(2, line(1, total="1.00")), next_cursor="2"),
    ]
    first_page, second_page = shop.replies[0].body, shop.replies[1].body
    assert pull(api) is Outcome.SUCCESS
    assert current(api)["last_run"]["counts"] == {"records": 4, "processed": 1, "rejected": 3}
    source = lasting.scalars(select(DataSource)).one()
    assert (source.name, source.type, source.sync_frequency, source.active) == ("commerce", "api", "manual", True)
    assert source.connection == {"url": f"{shop.url}/", "token_env": "COMMERCE_API_TOKEN"}
    assert source.last_sync_at is not None
    first, second = lasting.scalars(select(Import).order_by(Import.id))
    assert [(it.source_id, it.status, it.records, it.processed, it.rejected) for it in (first, second)] == [
        (source.id, "completed", 3, 1, 2),
        (source.id, "completed", 1, 0, 1),
    ]
    job_id = current(api)["last_run"]["job_id"]
    assert [it.file_name for it in (first, second)] == [f"orders-{job_id}-1.json", f"orders-{job_id}-2.json"]
    assert (first.size, second.size) == (len(first_page), len(second_page))
    assert list(lasting.scalars(select(RawChunk.content).order_by(RawChunk.id))) == [first_page, second_page]
    refused = [
        (reject.import_id, reject.row_number, [(reason["field"], reason["code"]) for reason in reject.reasons])
        for reject in lasting.scalars(select(Reject).order_by(Reject.id))
    ]
    assert refused == [
        (first.id, 2, [("product_id", "missing"), ("quantity", "out-of-range")]),
        (first.id, 3, [(None, "malformed-row")]),
        (second.id, 1, [("total", "does-not-add-up")]),
    ]
    assert lasting.scalars(select(OrderSyncRun.import_id)).one() == second.id


@pytest.mark.parametrize(("ahead", "taken"), [(50, 1), (70, 0)])
def test_a_shop_whose_clock_is_a_little_ahead_loses_no_order(
    api: TestClient, shop: Shop, lasting: Session, ahead: int, taken: int
) -> None:
    moment = lasting.scalar(text(f"SELECT now() + interval '{ahead} seconds'"))
    assert moment is not None
    shop.replies = [page(order(1, ordered_at=moment.isoformat()), next_cursor="1")]
    pull(api)
    assert current(api)["last_run"]["counts"] == {"records": 1, "processed": taken, "rejected": 1 - taken}


def test_temporary_failures_are_waited_out(api: TestClient, shop: Shop, waits: list[float]) -> None:
    shop.replies = [Reply(500), Reply(429, headers={"Retry-After": "3"}), page(order(1), next_cursor="1")]
    assert pull(api) is Outcome.SUCCESS
    assert len(shop.requests) == 3
    assert 1 <= waits[0] <= 1.5
    assert waits[1] == 3
    assert current(api)["state"] == "ok"


def test_three_failures_fail_the_run_and_say_why(
    api: TestClient, shop: Shop, lasting: Session, waits: list[float]
) -> None:
    shop.replies = [page(order(1), next_cursor="1", has_more=True), Reply(503)]
    assert pull(api) is Outcome.FAILURE
    assert shop.cursors() == [None, "1", "1", "1"]
    assert 1 <= waits[0] <= 1.5
    assert 2 <= waits[1] <= 2.5
    state = current(api)
    assert (state["state"], state["cursor"]) == ("failed", "1")
    assert (state["last_run"]["pages"], state["last_run"]["orders"]) == (1, 1)
    assert state["last_run"]["error"] == "The commerce API answered 503 three times."
    job = api.get(f"/api/v1/jobs/{state['last_run']['job_id']}").json()
    assert job["errors"] == [{"code": "upstream-unavailable", "message": "The commerce API answered 503 three times."}]
    assert sales(lasting) == {"R-1-1": "39.80"}

    shop.replies = [page(order(2), next_cursor="2")]
    assert pull(api) is Outcome.SUCCESS
    assert shop.cursors()[-1] == "1"
    assert sales(lasting) == {"R-1-1": "39.80", "R-2-1": "39.80"}
    assert current(api)["state"] == "ok"


def test_a_wrong_token_fails_at_once_and_is_not_told(
    api: TestClient, shop: Shop, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    shop.replies = [Reply(401)]
    assert pull(api) is Outcome.FAILURE
    assert (len(shop.requests), waits) == (1, [])
    assert current(api)["last_run"]["error"] == "The commerce API answered 401."
    assert TOKEN not in caplog.text


def test_an_address_that_was_taken_away_meanwhile_fails_the_run(
    api: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = start(api)
    monkeypatch.delenv("COMMERCE_API_URL")
    get_settings.cache_clear()
    assert run(OrderSyncRun, UUID(job_id), pulling.sync) is Outcome.FAILURE
    assert current(api)["last_run"]["error"] == "COMMERCE_API_URL and COMMERCE_API_TOKEN are not set."


def test_a_source_of_another_type_may_not_have_the_name(api: TestClient, shop: Shop) -> None:
    api.post("/api/v1/data-sources", json={"name": "commerce", "type": "csv"})
    assert pull(api) is Outcome.FAILURE
    assert current(api)["last_run"]["error"] == (
        "The name commerce is taken by a data source of type csv; give that one another name."
    )
    assert shop.requests == []


def test_credentials_in_the_address_are_not_stored(
    api: TestClient, shop: Shop, lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMERCE_API_URL", shop.url.replace("//", "//ada:hunter2@") + "/shop")
    get_settings.cache_clear()
    pull(api)
    assert lasting.scalars(select(DataSource.connection)).one()["url"] == f"{shop.url}/shop"
    assert shop.requests[0].path == "/shop/api/v1/orders/export"


class Killed(BaseException):
    """The end of a worker, which nothing in it can catch."""


def kill(*_arguments: object) -> None:
    raise Killed


def test_a_worker_killed_between_two_pages_loses_and_doubles_nothing(
    api: TestClient, shop: Shop, lasting: Session
) -> None:
    job_id = start(api)
    shop.replies = [page(order(1), next_cursor="1", has_more=True)]

    def check() -> None:
        if shop.requests:
            kill()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stopping, "check", check)
        with pytest.raises(Killed):
            run(OrderSyncRun, UUID(job_id), pulling.sync)
    shop.replies = [page(order(2), next_cursor="2", has_more=True), page(order(3), next_cursor="3")]
    assert current(api)["state"] == "running"
    assert start(api) == job_id
    assert run(OrderSyncRun, UUID(job_id), pulling.sync) is Outcome.SUCCESS
    assert sales(lasting) == {"R-1-1": "39.80", "R-2-1": "39.80", "R-3-1": "39.80"}
    last = current(api)["last_run"]
    assert (last["pages"], last["orders"], last["counts"]["processed"]) == (3, 3, 3)


def test_a_worker_killed_within_a_page_leaves_nothing_of_it(api: TestClient, shop: Shop, lasting: Session) -> None:
    job_id = start(api)
    shop.replies = [page(order(1), next_cursor="1")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulling, "_move", kill)
        with pytest.raises(Killed):
            run(OrderSyncRun, UUID(job_id), pulling.sync)
    assert sales(lasting) == {}
    assert lasting.scalar(select(func.count()).select_from(Import)) == 0
    assert current(api)["cursor"] is None
    assert run(OrderSyncRun, UUID(job_id), pulling.sync) is Outcome.SUCCESS
    assert sales(lasting) == {"R-1-1": "39.80"}


@pytest.mark.parametrize("had", [None, "1"])
def test_a_page_that_someone_else_has_stored_is_not_stored_twice(
    api: TestClient, shop: Shop, lasting: Session, had: str | None
) -> None:
    if had is not None:
        lasting.add(SyncCursor(feed="orders", cursor=had))
        lasting.commit()

    def overtake() -> None:
        with Session(get_engine()) as other:
            other.merge(SyncCursor(feed="orders", cursor="2"))
            other.commit()

    first = page(order(1), next_cursor="2")
    shop.replies = [Reply(body=first.body, before=overtake)]
    assert pull(api) is Outcome.FAILURE
    assert sales(lasting) == {}
    assert current(api)["cursor"] == "2"


def test_a_worker_that_is_asked_to_end_leaves_the_rest_to_the_next(
    api: TestClient, shop: Shop, lasting: Session, messages: Messages
) -> None:
    shop.replies = [
        Reply(body=page(order(1), next_cursor="1", has_more=True).body, before=stopping.request),
        page(order(2), next_cursor="2"),
    ]
    try:
        assert pull(api) is Outcome.RETRY
    finally:
        stopping.withdraw()
    assert current(api)["state"] == "running"
    (_, again) = messages()
    assert again[0] == "sync_orders"
    assert run(OrderSyncRun, UUID(again[1][0]), pulling.sync) is Outcome.SUCCESS
    assert shop.cursors() == [None, "1"]
    assert sales(lasting) == {"R-1-1": "39.80", "R-2-1": "39.80"}


def test_while_a_run_is_under_way_its_job_is_answered(
    api: TestClient, shop: Shop, lasting: Session, messages: Messages
) -> None:
    job_id = start(api)
    assert start(api) == job_id
    lasting.execute(text("UPDATE order_sync_runs SET status = 'processing'"))
    lasting.commit()
    with Session(get_engine()) as worker:
        assert try_lock(worker, UUID(job_id))
        assert start(api) == job_id
        assert [arguments for _, arguments, _ in messages()] == [[job_id]]
        unlock(worker, UUID(job_id))


def test_a_run_whose_worker_is_dead_is_queued_again(
    api: TestClient, shop: Shop, lasting: Session, messages: Messages
) -> None:
    job_id = start(api)
    lasting.execute(text("UPDATE order_sync_runs SET status = 'processing'"))
    lasting.commit()
    assert start(api) == job_id
    assert [arguments for _, arguments, _ in messages()] == [[job_id], [job_id]]


def test_two_requests_at_the_same_time_get_the_same_run(lasting: Session, shop: Shop, messages: Messages) -> None:
    found: list[UUID] = []

    def ask() -> None:
        with Session(get_engine()) as session:
            found.append(order_sync.start(session).job_id)

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert len(messages()) == 1


def test_a_run_that_can_not_be_queued_was_never_started(
    api: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_arguments: object, **_named: object) -> None:
        raise queue.QueueUnavailableError("The job could not be queued. Try again later.")

    monkeypatch.setattr(queue, "send", unreachable)
    assert api.post(PATH).status_code == 503
    assert current(api)["state"] == "never_run"


def test_sums_are_exact_over_several_runs(api: TestClient, shop: Shop, lasting: Session) -> None:
    cheap = [order(number, line(total="0.10", quantity=1, unit_price="0.10")) for number in range(250)]
    shop.replies = [
        page(*cheap[:100], next_cursor="100", has_more=True),
        page(*cheap[100:200], next_cursor="200", has_more=True),
        page(*cheap[200:], next_cursor="250"),
    ]
    assert pull(api) is Outcome.SUCCESS
    assert lasting.execute(select(func.count(), func.sum(Sale.total))).one() == (250, Decimal("25.00"))
    assert (current(api)["last_run"]["pages"], current(api)["last_run"]["orders"]) == (3, 250)
    job = lasting.scalars(select(OrderSyncRun)).one()
    assert (job.status, job.progress) == (JobStatus.COMPLETED, 100)
