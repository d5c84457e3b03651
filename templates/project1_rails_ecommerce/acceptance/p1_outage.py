"""PostgreSQL, then Redis, goes away and comes back, and the worker is replaced; at the very end web is stopped."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
import psycopg
from p1_accounts import FRESH
from p1_answers import API

from checks.acceptance import eventually, parallel, runtime
from checks.acceptance.application import Replaced

PROCESSES = ("web", "worker")
STALE = 5  # as many connections as Active Record's pool holds by default
STOPS_SECONDS = 1.5  # a moment for web to take in that it is to stop
WAITING = """
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query ilike '%%products%%'
"""


@dataclass
class Outage(runtime.Outage):
    """What the processes did, and how the worker was replaced afterwards."""

    worker: Future[Replaced] = field(default_factory=Future)


def happen(app: Any, client: Any, pool: ThreadPoolExecutor) -> Outage:
    """Cut each dependency off, then begin to replace the worker, in a thread of the pool.

    It takes seconds. But a worker that doesn't recover would fail every scenario with a job; here one is enough. Web
    runs on to the end of all scenarios.
    """
    found = Outage()
    clients = {process: client(app.url(process), limits=FRESH) for process in PROCESSES}
    for dependency in runtime.DEPENDENCIES:
        found.happen(app, clients, dependency)
    # A connection of before the outage fails whom it meets, unless the pool notices. Here, not in a later milestone.
    parallel([partial(clients["web"].get, f"{API}/products")] * STALE)
    app.in_hand.add("worker")  # before the thread comes to it
    found.worker = pool.submit(app.replace, "worker")
    return found


def stop_in_flight(app: Any, web: httpx2.Client) -> tuple[Any, Any]:
    """Let a request wait for a table that is locked, send SIGTERM, and let go; give its answer and how web ended."""
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(app.env["DATABASE_URL"]) as connection:
            connection.execute("lock table products in access exclusive mode")
            asked = pool.submit(runtime.timed(partial(web.get, f"{API}/products")))
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
