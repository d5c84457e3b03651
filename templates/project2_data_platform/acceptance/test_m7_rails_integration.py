"""m7: orders pulled from a shop that the grader plays, on good days and bad ones."""

import re
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import p2_warehouse
import pytest
from p2_commerce import BROKEN, NEVER, PAGE, REFUSED, Run, Shop, Sync

from checks.acceptance import eventually, expect, parallel
from checks.acceptance.peer import Reply

RUN_SECONDS = 15  # for a run on which the shop answers at once
RECOVERY_SECONDS = 30  # for a run with a worker that has to start first
EARLY = 0.05  # a clock may be read a moment late
Sale = tuple[Any, ...]


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
    first_sales = _stored_and_right(app, shop)
    idle = sync.run(RUN_SECONDS).completed()
    idle_sales = p2_warehouse.sales(app, shop.prefix)
    shop.write([*shop.new_orders(20), *(order.with_quantity(11) for order in orders[3:250:50])])
    changed = sync.run(RUN_SECONDS).completed()
    return History(request_id, first, first_sales, idle, idle_sales, changed, _stored_and_right(app, shop))


def _stored_and_right(app: Any, shop: Shop) -> tuple[list[Sale], list[Sale]]:
    return p2_warehouse.sales(app, shop.prefix), p2_warehouse.as_rows(shop.sales())


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
            _same_sales(*history.first_sales)
        case "rejects":
            _the_refused_line_is_a_reject(request.getfixturevalue("app"), sync, history.first)
        case "nothing-new":
            expect(history.idle.cursors, [history.first.after["cursor"]], "One request, with the stored cursor.")
            expect(history.idle.after["cursor"], history.first.after["cursor"], "Nothing new, so the cursor stays.")
            _same_sales(history.idle_sales, history.first_sales[1])
        case "changes":
            expect(history.changed.cursors, [history.first.after["cursor"]], "Only what is new should be asked for.")
            last = history.changed.after["last_run"]
            expect((last["pages"], last["orders"]), (1, 25), "25 orders, in one page.")
            _same_sales(*history.changed_sales)
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


def _same_sales(stored: list[Sale], right: list[Sale]) -> None:
    wrong = sorted(set(right) - set(stored)), sorted(set(stored) - set(right))
    expect((len(stored), wrong[0][:2], wrong[1][:2]), (len(right), [], []), "Each line should be a sale, as it is now.")


FAULTS = {
    "500-then-429": [BROKEN, Reply(429, headers={"Retry-After": "3"})],
    "500-each-time": [BROKEN] * 9,
    "401": [REFUSED] * 9,
    "never-answered": [BROKEN, BROKEN, *[NEVER] * 9],
}


@pytest.mark.parametrize("case", FAULTS)
def test_retries(app: Any, sync: Sync, limits: Any, case: str) -> None:
    """429 and 5xx are retried with growing delays.

    The shop fails in four ways. What may get better is tried three times with waits in between, `Retry-After` is heard,
    and a wrong token is not tried again.
    """
    first_wait, second_wait = limits.sync_backoff_seconds
    with sync.shop.failing(*FAULTS[case]):
        run = sync.run(limits.sync_failed_seconds)
        ended = time.monotonic()
    match case:
        case "500-then-429":
            _attempts(run.completed(), 3)
            _waited(run, [first_wait, 3])
        case "500-each-time":
            error = run.failed()
            _attempts(run, limits.sync_attempts)
            _waited(run, [first_wait, second_wait])
            assert "500" in error, f"The error should say what the other side answered; it says {error!r}."
        case "401":
            error = run.failed()
            _attempts(run, 1)
            assert "401" in error, f"The error should name the status; it says {error!r}."
            told = [error, str(run.job), *(app.log(name) for name in ("api", "worker", "beat", "admin"))]
            assert not any(sync.shop.token in text for text in told), "The token should be in no error and in no log."
        case "never-answered":
            run.failed()
            _attempts(run, limits.sync_attempts)
            limit, gave_up = limits.sync_request_seconds, ended - run.requests[-1].at
            assert limit - 0.5 <= gave_up <= limit + 1.5, (  # half a second to write it down and to be asked for it
                f"A request that is never answered should be given up after {limit} s; it took {gave_up:.1f} s."
            )


def _attempts(run: Run, number: int) -> None:
    expect(len(run.requests), number, f"The shop should be asked {number} times.")
    expect(set(run.cursors), {run.before["cursor"]}, "Each attempt should ask for the same page.")


def _waited(run: Run, least: list[float]) -> None:
    for number, (wait, wanted) in enumerate(zip(run.waits, least, strict=True), start=2):
        assert wait >= wanted - EARLY, f"Attempt {number} should wait at least {wanted} s; it came after {wait:.2f} s."


@pytest.mark.parametrize("case", ["between-pages", "within-a-page"])
def test_crash_in_the_middle(app: Any, sync: Sync, case: str) -> None:
    """A crash in the middle duplicates and loses nothing.

    The worker is killed when the first page is stored and the second is asked for; then once more while the second is
    being stored. The next run has to go on from the stored cursor, and every order has to be there once.
    """
    shop = sync.shop
    if sync.state()["cursor"] != shop.end:
        sync.run(RUN_SECONDS).completed()
    first_page = shop.cursor(shop.exported + PAGE)
    shop.write(shop.new_orders(150))
    with ExitStack() as lock:
        with shop.holding(first_page) as asked:
            sync.start()
            assert asked.wait(RUN_SECONDS), "The second page should be asked for."
            eventually(
                lambda: sync.state()["cursor"] == first_page, 3, "the first page is stored with its cursor", 0.02
            )
            if case == "between-pages":
                app.kill("worker")
            else:
                lock.enter_context(p2_warehouse.nobody_writes_sales(app))
        if case == "within-a-page":
            p2_warehouse.await_lock(app, RUN_SECONDS, "the sales of the second page are written")
            app.kill("worker")
    expect(sync.state()["cursor"], first_page, "After the crash the cursor should be that of the page that was stored.")
    app.start("worker", ready=False)
    run = sync.run(RECOVERY_SECONDS).completed()
    expect(run.cursors[:1], [first_page], "The next run should go on from the stored cursor.")
    expect(run.after["cursor"], shop.end, "It should pull all that was left.")
    _same_sales(*_stored_and_right(app, shop))


@dataclass(frozen=True)
class Outage:
    """A run while nobody listened, what the platform answered meanwhile, and the run after the shop came back."""

    down: Run
    seconds: float
    answers: dict[str, int]
    back: Run
    sales: tuple[list[Sale], list[Sale]]


@pytest.fixture(scope="session")
def shop_outage(app: Any, api: httpx2.Client, client: Any, sync: Sync, limits: Any) -> Outage:
    """Close the shop during a run, then open it again with 30 new orders."""
    shop = sync.shop
    shop.write(shop.new_orders(30))
    shop.peer.stop()
    try:
        began = time.monotonic()
        down = sync.run(limits.sync_failed_seconds)
        seconds = time.monotonic() - began
        answers = {f"{name} /readyz": client(app.url(name)).get("/readyz").status_code for name in ("api", "worker")}
        summary = api.get("/api/v1/analytics/summary", params={"start": "2007-01-01", "end": "2007-12-31"})
        answers["analytics/summary"] = summary.status_code
    finally:
        shop.peer.start()
    return Outage(down, seconds, answers, sync.run(RUN_SECONDS), _stored_and_right(app, shop))


@pytest.mark.parametrize("case", ["nobody-listens", "comes-back"])
def test_api_down(shop_outage: Outage, sync: Sync, limits: Any, case: str) -> None:
    """A commerce API that is down shows as failed with its reason.

    The shop closes and a run is started: it has to fail and say why, while everything else works. When the shop opens
    again, the next run goes on where the last good one has ended.
    """
    if case == "nobody-listens":
        error = shop_outage.down.failed()
        assert not re.search(r"Traceback|\w+\.\w+Error|Errno", error), (
            f"The reason should be for people; it is {error!r}."
        )
        assert shop_outage.seconds <= limits.sync_failed_seconds, "It should fail in time."
        expect(
            shop_outage.answers,
            dict.fromkeys(shop_outage.answers, 200),
            "Readiness and analytics should not mind that the shop is down.",
        )
    else:
        back = shop_outage.back.completed()
        expect(back.cursors, [shop_outage.down.before["cursor"]], "The next run should begin at the stored cursor.")
        expect(back.after["cursor"], sync.shop.end, "It should pull what has come up meanwhile.")
        _same_sales(*shop_outage.sales)
