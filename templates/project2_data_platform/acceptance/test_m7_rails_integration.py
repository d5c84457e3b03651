"""m7: orders pulled from a shop that the grader plays, on good days and bad ones."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx2
import p2_database
import p2_sync
import pytest
from p2_commerce import Shop
from p2_second import Second
from p2_sync import RUN_SECONDS, Run, Sale, Sync, same_sales, stored_and_right

from checks.acceptance import expect, parallel


@pytest.fixture(scope="session")
def sync(api: httpx2.Client, commerce: Shop) -> Sync:
    """Start and watch the synchronisation."""
    return Sync(api, commerce)


@dataclass(frozen=True)
class History:
    """Four runs one after the other: 250 orders, nothing new, 20 new and 5 changed, two starts at once."""

    request_id: str
    first: Run
    first_sales: tuple[list[Sale], list[Sale]]  # what is stored, what should be
    idle: Run
    idle_sales: list[Sale]
    changed: Run
    changed_sales: tuple[list[Sale], list[Sale]]


@pytest.fixture(scope="session")
def history(app: Any, sync: Sync) -> History:
    """Pull 250 orders, one of them with a line that m4 refuses; then nothing; then what is new and what has changed."""
    shop, request_id = sync.shop, f"grader-{secrets.token_hex(6)}"
    orders = shop.new_orders(250)
    orders[120] = orders[120].with_refused_line()
    shop.write(orders)
    first = sync.run(RUN_SECONDS, request_id).completed()
    first_sales = stored_and_right(app, shop)
    idle = sync.run(RUN_SECONDS).completed()
    idle_sales = p2_database.sales(app, shop.prefix)
    shop.write([*shop.new_orders(20), *(order.with_quantity(11) for order in orders[3:250:50])])
    changed = sync.run(RUN_SECONDS).completed()
    return History(request_id, first, first_sales, idle, idle_sales, changed, stored_and_right(app, shop))


@pytest.mark.parametrize(
    "case", ["250-orders", "rejects", "nothing-new", "changes", "two-at-once", "token-and-request-id"]
)
def test_incremental_sync(request: pytest.FixtureRequest, sync: Sync, case: str) -> None:
    """Orders are pulled page by page from the cursor on.

    The grader plays the shop: 250 orders in three pages, then none, then 20 new ones and five that have changed. Each
    run has to begin where the one before has ended.
    """
    if case == "two-at-once":
        _two_starts_are_one_run(sync)
        return
    history: History = request.getfixturevalue("history")
    match case:
        case "250-orders":
            _three_pages_are_pulled(history.first, sync.shop)
            same_sales(*history.first_sales)
        case "rejects":
            _the_refused_line_is_a_reject(request.getfixturevalue("app"), sync, history.first)
        case "nothing-new":
            expect(history.idle.cursors, [history.first.after["cursor"]], "One request, with the stored cursor.")
            expect(history.idle.after["cursor"], history.first.after["cursor"], "Nothing new, so the cursor stays.")
            same_sales(history.idle_sales, history.first_sales[1])
        case "changes":
            expect(history.changed.cursors, [history.first.after["cursor"]], "Only what is new should be asked for.")
            last = history.changed.after["last_run"]
            expect((last["pages"], last["orders"]), (1, 25), "25 orders, in one page.")
            same_sales(*history.changed_sales)
        case "token-and-request-id":
            shown = [(r.headers.get("authorization"), r.headers.get("x-request-id")) for r in history.first.requests]
            expected = [(f"Bearer {sync.shop.token}", history.request_id)] * len(shown)
            expect(shown, expected, "Each request should carry the token, and the id of the call that started the run.")


def _three_pages_are_pulled(run: Run, shop: Shop) -> None:
    start = run.before["cursor"]
    expect(run.cursors, [start, shop.cursor(100), shop.cursor(200)], "Three pages should be asked for, one by one.")
    expect(run.after["cursor"], shop.cursor(250), "The stored cursor should be the last next_cursor.")
    last = run.after["last_run"]
    expect((last["job_id"], last["status"]), (run.job["id"], "completed"), "The last run should be this one.")
    expect((last["pages"], last["orders"], last["error"]), (3, 250, None), "The run should have 3 pages, 250 orders.")
    lines = sum(len(order.lines) for order in shop.current()[:250])
    counts = {"records": lines, "processed": lines - 1, "rejected": 1}
    expect((last["counts"], run.job["counts"]), (counts, counts), "Run and job should count the lines of the orders.")


def _the_refused_line_is_a_reject(app: Any, sync: Sync, run: Run) -> None:
    response = sync.api.get("/api/v1/data-sources", params={"type": "api", "per_page": 100})
    sources = {source["name"]: source["id"] for source in response.json()["items"]}
    assert "commerce" in sources, f"The first run should make a data source named commerce; there are {list(sources)}."
    imports = app.sql("select id from imports where source_id = %(id)s", id=sources["commerce"])
    rejects = [reject for (number,) in imports for reject in _rejects(sync.api, number)]
    reasons = [[(reason["field"], reason["code"]) for reason in reject["reasons"]] for reject in rejects]
    expect(reasons, [[("quantity", "out-of-range")]], "A line that m4 refuses should be a reject of a run's import.")
    expect(run.after["last_run"]["counts"]["rejected"], 1, "The run should count it.")


def _rejects(api: httpx2.Client, import_id: int) -> list[dict[str, Any]]:
    response = api.get(f"/api/v1/imports/{import_id}/rejects")
    expect(response.status_code, 200, "The rejects of an import of the run can be read.")
    found: list[dict[str, Any]] = response.json()["items"]
    return found


def _two_starts_are_one_run(sync: Sync) -> None:
    since, cursor = len(sync.shop.requests), sync.state()["cursor"]
    with sync.shop.holding(cursor) as asked:  # the run can't be over before the second start arrives
        answers = parallel([sync.start, sync.start])
        failures = [answer for answer in answers if isinstance(answer, Exception)]
        if failures:
            raise failures[0]
        jobs = {answer["id"] for answer in answers if isinstance(answer, dict)}
        assert asked.wait(RUN_SECONDS), "The shop should be asked for orders."
        expect(sync.state()["state"], "running", "While a run is under way, the state should be running.")
        jobs.add(sync.start()["id"])
    expect(len(jobs), 1, "Starts at the same time, and one during the run, should be answered with the same job.")
    expect(sync.ended({"id": jobs.pop()}, RUN_SECONDS)["status"], "completed", "The run should be completed.")
    asked_for = [request.query.get("cursor") for request in sync.shop.requests[since:]]
    expect(len(asked_for), len(set(asked_for)), "There should be one sequence of requests.")
    expect(asked_for[0], cursor, "It should begin at the stored cursor.")


@pytest.mark.parametrize("case", p2_sync.FAULTS)
def test_retries(second: Second, case: str) -> None:
    """429 and 5xx are retried with growing delays.

    The shop fails in four ways. What may get better is tried three times with waits in between, `Retry-After` is heard,
    and a wrong token is not tried again.
    """
    second.result(f"retries {case}")


@pytest.mark.parametrize("case", ["between-pages", "within-a-page"])
def test_crash_in_the_middle(second: Second, case: str) -> None:
    """A crash in the middle duplicates and loses nothing.

    The worker is killed when the first page is stored and the second is asked for; then once more while the second is
    being stored. The next run has to go on from the stored cursor, and every order has to be there once.
    """
    second.result(f"crash {case}")


@pytest.mark.parametrize("case", ["nobody-listens", "comes-back"])
def test_api_down(second: Second, limits: Any, case: str) -> None:
    """A commerce API that is down shows as failed with its reason.

    The shop closes and a run is started: it has to fail and say why, while everything else works. When the shop opens
    again, the next run goes on where the last good one has ended.
    """
    outage: p2_sync.Outage = second.result("outage")
    if case == "nobody-listens":
        outage.shows_as_failed(limits.sync_failed_seconds)
    else:
        outage.goes_on()
