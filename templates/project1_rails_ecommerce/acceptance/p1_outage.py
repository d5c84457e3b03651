"""PostgreSQL, then Redis, goes away and comes back, and the worker is started anew; at the very end web is stopped."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
import psycopg
from p1_accounts import FRESH
from p1_answers import API
from p1_processes import IN_HAND, PROCESSES, Replaced, replace

from checks.acceptance import eventually, parallel

DEPENDENCIES = ("postgresql", "redis")
RECOVERY_SECONDS = 5.0
STALE = 5  # as many connections as Active Record's pool holds by default
STOPS_SECONDS = 1.5  # a moment for web to take in that it is to stop
WAITING = """
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query ilike '%%products%%'
"""


@dataclass
class Outage:
    """What the processes did: answers with their seconds by dependency, process and path; those that ended, and why.

    The worker is replaced afterwards.
    """

    answers: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    recovered: dict[tuple[str, str], Any] = field(default_factory=dict)
    ended: dict[tuple[str, str], str] = field(default_factory=dict)
    worker: Future[Replaced] = field(default_factory=Future)


def happen(app: Any, client: Any, pool: ThreadPoolExecutor) -> Outage:
    """Cut each dependency off, then begin to replace the worker, in a thread of the pool.

    It takes seconds. But a worker that doesn't recover would fail every scenario with a job; here one is enough. Web
    runs on to the end of all scenarios.
    """
    found = Outage()
    clients = {process: client(app.url(process), limits=FRESH) for process in PROCESSES}
    questions = [(process, path) for process in PROCESSES for path in ("/readyz", "/healthz")]
    for dependency in DEPENDENCIES:
        with app.cut(dependency):
            results = parallel([_timed(partial(clients[process].get, path)) for process, path in questions])
        found.answers |= {(dependency, *question): result for question, result in zip(questions, results, strict=True)}
        ready = parallel([partial(_ready_again, clients[process]) for process in PROCESSES])
        found.recovered |= {(dependency, process): result for process, result in zip(PROCESSES, ready, strict=True)}
        found.ended |= {(dependency, name): app.log(name)[-400:] for name in PROCESSES if not app.running(name)}
    # A connection of before the outage fails whom it meets, unless the pool notices. Here, not in a later milestone.
    parallel([partial(clients["web"].get, f"{API}/products")] * STALE)
    IN_HAND.add("worker")  # before the thread comes to it
    found.worker = pool.submit(replace, app, "worker")
    return found


def stop_in_flight(app: Any, web: httpx2.Client) -> tuple[Any, Any]:
    """Let a request wait for a table that is locked, send SIGTERM, and let go; give its answer and how web ended."""
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(app.env["DATABASE_URL"]) as connection:
            connection.execute("lock table products in access exclusive mode")
            asked = pool.submit(_timed(partial(web.get, f"{API}/products")))
            eventually(lambda: asked.done() or app.sql(WAITING)[0][0], 3, "a request waits for the table", pause=0.02)
            app["web"].tell()
            deadline = time.monotonic() + STOPS_SECONDS
            while time.monotonic() < deadline and not _refuses(app.url("web")):
                time.sleep(0.02)
            connection.rollback()
        return asked.result()[0], app.terminate("web")


def _refuses(url: str) -> bool:
    try:
        httpx2.get(f"{url}/healthz", timeout=0.5, trust_env=False, verify=False)
    except httpx2.TransportError:
        return True
    return False


def _timed(call: Callable[[], Any]) -> Callable[[], tuple[Any, float]]:
    """Give a function that calls, and gives what came of it (an exception, too) and the seconds that it took."""

    def timed() -> tuple[Any, float]:
        start = time.monotonic()
        (result,) = parallel([call])
        return result, time.monotonic() - start

    return timed


def _ready_again(asked: httpx2.Client) -> httpx2.Response | None:
    return eventually(
        lambda: answer if (answer := asked.get("/readyz")).status_code == 200 else None,
        RECOVERY_SECONDS,
        "/readyz answers 200 again once the dependency is back",
    )
