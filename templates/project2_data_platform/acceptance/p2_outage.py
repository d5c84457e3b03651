"""PostgreSQL and Redis go away and come back, and the worker is started anew; at the very end the others are stopped."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
from p2_files import csv_file, sales, tag
from p2_platform import FRESH, Ingestion
from p2_processes import IN_HAND, PROCESSES, Replaced, replace

from checks.acceptance import eventually, parallel

DEPENDENCIES = ("postgresql", "redis")
RECOVERY_SECONDS = 5
QUIET_SECONDS = 0.5
STALE = 15  # as many connections as SQLAlchemy's pool holds at most by default


@dataclass
class Outage:
    """What the platform did while a dependency was away.

    `answers` are by dependency, process and path: the answer (or what was raised) and the seconds that it took;
    `recovered`, and the last words of those that `ended`, by dependency and process. `upload` is the answer to a file
    that was sent while Redis was away. The worker is replaced afterwards.
    """

    answers: dict[tuple[str, str, str], tuple[Any, float]] = field(default_factory=dict)
    recovered: dict[tuple[str, str], Any] = field(default_factory=dict)
    ended: dict[tuple[str, str], str] = field(default_factory=dict)
    source_id: int | None = None
    upload: Any = None
    worker: Future[Replaced] = field(default_factory=Future)


def happen(app: Any, client: Any, ingestion: Ingestion, pool: ThreadPoolExecutor) -> Outage:
    """Cut PostgreSQL, then Redis; ask every process; send a file meanwhile; then begin to replace the worker.

    Done once for all scenarios that look at it. The worker is replaced in a thread of the pool, because that takes
    seconds. But one that doesn't recover would fail every scenario with an import; here one is enough. The others run
    on to the end of all scenarios.
    """
    found = Outage()
    clients = {process: client(app.url(process), limits=FRESH) for process in PROCESSES}
    made = ingestion.api.post("/api/v1/data-sources", json={"name": f"Outage {tag()}", "type": "csv"})
    found.source_id = made.json()["id"] if made.status_code == 201 else None
    questions = [(process, path) for process in PROCESSES for path in ("/readyz", "/healthz")]
    for dependency in DEPENDENCIES:
        asked = [_timed(partial(clients[process].get, path)) for process, path in questions]
        if dependency == "redis":
            _wait_for_the_worker(app)
        if dependency == "redis" and found.source_id is not None:
            asked.append(_timed(partial(ingestion.send, found.source_id, csv_file(sales(1, f"M3-{tag()}")))))
        with app.cut(dependency):
            results: list[Any] = parallel(asked)
        if len(results) > len(questions):
            found.upload, _ = results.pop()
        found.answers |= {(dependency, *question): result for question, result in zip(questions, results, strict=True)}
        ready = parallel([partial(_ready_again, clients[process]) for process in PROCESSES])
        found.recovered |= {(dependency, process): result for process, result in zip(PROCESSES, ready, strict=True)}
        found.ended |= {(dependency, name): app.log(name)[-400:] for name in PROCESSES if not app.running(name)}
    # A connection of before the outage fails whom it meets, unless the pool notices. Here, not in a later milestone.
    parallel([partial(clients["admin"].get, "/readyz"), partial(ingestion.api.get, "/api/v1/data-sources")] * STALE)
    IN_HAND.add("worker")  # before the thread comes to it
    found.worker = pool.submit(replace, app, "worker")
    return found


def stop(app: Any) -> dict[str, Any]:
    """End every process but the worker, all of which run; give how, or what was raised, by process."""
    names = [name for name in PROCESSES if name != "worker"]
    IN_HAND.update(names)
    return dict(zip(names, parallel([partial(app.terminate, name) for name in names]), strict=True))


def _wait_for_the_worker(app: Any) -> None:
    """Wait a moment until no task is under way: what becomes of those is a matter of m8. The key is Celery's."""
    queue, deadline = app.redis, time.monotonic() + QUIET_SECONDS
    while queue.exists("unacked") and time.monotonic() < deadline:
        time.sleep(0.01)


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
