"""The synchronisation as a client of the platform sees it, and how it has to bear a shop that isn't well."""

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import httpx2
import p2_database
from p2_commerce import BROKEN, NEVER, PAGE, REFUSED, Shop

from checks.acceptance import eventually, expect
from checks.acceptance.peer import Reply, Request

RUN_SECONDS = 15  # for a run on which the shop answers at once
RECOVERY_SECONDS = 30  # for a run with a worker that has to start first
EARLY = 0.05  # a clock may be read a moment late
Sale = tuple[Any, ...]


class Sync:
    """The synchronisation as a client of the platform starts and watches it."""

    def __init__(self, api: httpx2.Client, shop: Shop) -> None:
        self.api, self.shop = api, shop

    def post(self, request_id: str = "") -> httpx2.Response:
        """Ask for a run."""
        return self.api.post("/api/v1/sync/orders", headers={"X-Request-Id": request_id} if request_id else {})

    def start(self, request_id: str = "") -> dict[str, Any]:
        """Ask for a run and give its job."""
        response = self.post(request_id)
        expect(response.status_code, 202, "A run that is asked for should be accepted.")
        job: dict[str, Any] = response.json()
        place = httpx2.URL(response.headers.get("location", "")).path
        expect(place, f"/api/v1/jobs/{job['id']}", "Location should lead to the job.")
        expect(job["kind"], "order_sync", "The job should be of this kind.")
        return job

    def state(self) -> dict[str, Any]:
        """Give cursor and last run."""
        response = self.api.get("/api/v1/sync/orders")
        expect(response.status_code, 200, "The state of the synchronisation can be asked for.")
        found: dict[str, Any] = response.json()
        return found

    def ended(self, job: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Wait until a run is completed or failed and give its job as it is then."""

        def found() -> dict[str, Any]:
            response = self.api.get(f"/api/v1/jobs/{job['id']}")
            expect(response.status_code, 200, "The job of a run can be asked for.")
            body: dict[str, Any] = response.json()
            return body if body["status"] in ("completed", "failed") else {}

        return eventually(found, seconds, "a run of the synchronisation is completed or failed", pause=0.15)

    def run(self, seconds: float, request_id: str = "") -> "Run":
        """Have one run made and give how it went."""
        before, since = self.state(), len(self.shop.requests)
        job = self.ended(self.start(request_id), seconds)
        return Run(before, job, self.state(), self.shop.requests[since:])


@dataclass(frozen=True)
class Run:
    """One run: the state before, its job at the end, the state after, and what the shop was asked meanwhile."""

    before: dict[str, Any]
    job: dict[str, Any]
    after: dict[str, Any]
    requests: list[Request]

    @property
    def cursors(self) -> list[str | None]:
        """The cursors that were asked for; None where there was none."""
        return [request.query.get("cursor") for request in self.requests]

    @property
    def waits(self) -> list[float]:
        """The seconds between each request and the next."""
        return [later.at - earlier.at for earlier, later in pairwise(self.requests)]

    def completed(self) -> "Run":
        """Give the run, which has to be completed."""
        expect((self.job["status"], self.job["errors"]), ("completed", []), "The run should be completed.")
        expect(self.after["state"], "ok", "The state after a completed run should be ok.")
        return self

    def failed(self) -> str:
        """Give what is said about the run, which has to have failed for the other side."""
        codes = [error["code"] for error in self.job["errors"]]
        expect((self.job["status"], codes), ("failed", ["upstream-unavailable"]), "The run should have failed.")
        expect(self.after["state"], "failed", "The state after a failed run should be failed.")
        expect(self.after["cursor"], self.before["cursor"], "A run that stored nothing should leave the cursor alone.")
        last = self.after["last_run"] or {}
        expect((last.get("job_id"), last.get("status")), (self.job["id"], "failed"), "The last run should be this one.")
        error = str(last.get("error") or "")
        assert len(error) > 10, f"The last run should say in a sentence what the other side did; it says {error!r}."
        return error


# On good days -------------------------------------------------------------------------------------------------------


def stored_and_right(app: Any, shop: Shop) -> tuple[list[Sale], list[Sale]]:
    """Give the sales that are stored, and those that should be."""
    return p2_database.sales(app, shop.prefix), p2_database.as_rows(shop.sales())


def same_sales(stored: list[Sale], right: list[Sale]) -> None:
    """Compare the two. Raises Mismatch with the first that differ."""
    wrong = sorted(set(right) - set(stored)), sorted(set(stored) - set(right))
    expect((len(stored), wrong[0][:2], wrong[1][:2]), (len(right), [], []), "Each line should be a sale, as it is now.")


# On bad days --------------------------------------------------------------------------------------------------------

FAULTS = {
    "500-then-429": [BROKEN, Reply(429, headers={"Retry-After": "3"})],
    "500-each-time": [BROKEN] * 9,
    "401": [REFUSED] * 9,
    "never-answered": [BROKEN, BROKEN, *[NEVER] * 9],
}


def meets_fault(case: str, app: Any, sync: Sync, limits: Any) -> None:
    """Have a run made while the shop fails in one of the four ways, and judge it."""
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
            told = [error, str(run.job), *(app.log(name) for name in ("api", "worker", "beat"))]
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


def survives_crash(case: str, app: Any, sync: Sync, _limits: Any) -> None:
    """Kill the worker between two pages or within one, start it, have a run made and judge what there is then."""
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
                lock.enter_context(p2_database.nobody_writes_sales(app))
        if case == "within-a-page":
            p2_database.await_lock(app, RUN_SECONDS, "the sales of the second page are written")
            app.kill("worker")
    expect(sync.state()["cursor"], first_page, "After the crash the cursor should be that of the page that was stored.")
    app.start("worker", ready=False)
    run = sync.run(RECOVERY_SECONDS).completed()
    expect(run.cursors[:1], [first_page], "The next run should go on from the stored cursor.")
    expect(run.after["cursor"], shop.end, "It should pull all that was left.")
    same_sales(*stored_and_right(app, shop))


def survives_outage(app: Any, sync: Sync, limits: Any) -> "Outage":
    """Close the shop during a run, then open it again with 30 new orders, and give what was seen."""
    shop = sync.shop
    shop.write(shop.new_orders(30))
    shop.peer.stop()
    try:
        began = time.monotonic()
        down = sync.run(limits.sync_failed_seconds)
        seconds = time.monotonic() - began
        days = {"start": "2007-01-01", "end": "2007-12-31"}
        urls = [app.url("api"), app.url("worker")]
        answers = [httpx2.get(f"{url}/readyz", timeout=10, trust_env=False, verify=False).status_code for url in urls]
        answers.append(sync.api.get("/api/v1/analytics/summary", params=days).status_code)
    finally:
        shop.peer.start()
    return Outage(down, seconds, answers, sync.run(RUN_SECONDS), stored_and_right(app, shop), shop.end)


@dataclass(frozen=True)
class Outage:
    """A run while nobody listened, what the platform answered meanwhile, and the run after the shop came back."""

    down: Run
    seconds: float
    answers: list[int]
    back: Run
    sales: tuple[list[Sale], list[Sale]]
    end: str

    def shows_as_failed(self, limit: float) -> None:
        """Judge the run during which nobody listened."""
        error = self.down.failed()
        for_machines = re.search(r"Traceback|\w\.\w+Error|Errno", error)
        assert not for_machines, f"The reason should be a sentence for people; it is {error!r}."
        assert self.seconds <= limit, f"The run should have failed within {limit} s; it took {self.seconds:.0f} s."
        expect(self.answers, [200, 200, 200], "Readiness and analytics should not mind that the shop is down.")

    def goes_on(self) -> None:
        """Judge the run after the shop had come back."""
        back = self.back.completed()
        expect(back.cursors, [self.down.before["cursor"]], "The next run should begin at the stored cursor.")
        expect(back.after["cursor"], self.end, "It should pull what has come up meanwhile.")
        same_sales(*self.sales)


# In some cases runs only wait; in the others their worker is killed.
PATIENT: dict[str, Callable[[Any, Sync, Any], Any]] = {
    **{f"retries {case}": partial(meets_fault, case) for case in FAULTS},
    "outage": survives_outage,
}
CRASHES: dict[str, Callable[[Any, Sync, Any], Any]] = {
    f"crash {case}": partial(survives_crash, case) for case in ("between-pages", "within-a-page")
}
