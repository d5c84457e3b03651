"""PostgreSQL and Redis go away and come back, and the worker is replaced; at the very end the others are stopped."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from p2_files import csv_file, sales, tag
from p2_platform import FRESH, PROCESSES, Ingestion

from checks.acceptance import parallel, runtime
from checks.acceptance.application import Replaced

QUIET_SECONDS = 0.5
STALE = 15  # as many connections as SQLAlchemy's pool holds at most by default


@dataclass
class Outage(runtime.Outage):
    """What the platform did, and how the worker was replaced afterwards.

    `upload` is the answer to a file that was sent while Redis was away.
    """

    source_id: int | None = None
    upload: Any = None
    worker: Future[Replaced] = field(default_factory=Future)


def happen(app: Any, client: Any, ingestion: Ingestion, pool: ThreadPoolExecutor) -> Outage:
    """Cut PostgreSQL, then Redis; send a file meanwhile; then begin to replace the worker.

    Done once for all scenarios that look at it. The worker is replaced in a thread of the pool, because that takes
    seconds. But one that doesn't recover would fail every scenario with an import; here one is enough. The others run
    on to the end of all scenarios.
    """
    found = Outage()
    clients = {process: client(app.url(process), limits=FRESH) for process in PROCESSES}
    made = ingestion.api.post("/api/v1/data-sources", json={"name": f"Outage {tag()}", "type": "csv"})
    found.source_id = made.json()["id"] if made.status_code == 201 else None
    found.happen(app, clients, "postgresql")
    _wait_for_the_worker(app)
    if found.source_id is None:
        found.happen(app, clients, "redis")
    else:
        send = partial(ingestion.send, found.source_id, csv_file(sales(1, f"M3-{tag()}")))
        (found.upload,) = found.happen(app, clients, "redis", also=[send])
    # A connection of before the outage fails whom it meets, unless the pool notices. Here, not in a later milestone.
    parallel([partial(clients["admin"].get, "/readyz"), partial(ingestion.api.get, "/api/v1/data-sources")] * STALE)
    app.in_hand.add("worker")  # before the thread comes to it
    found.worker = pool.submit(app.replace, "worker")
    return found


def stop(app: Any) -> dict[str, Any]:
    """End every process but the worker, all of which run; give how, or what was raised, by process."""
    names = [name for name in PROCESSES if name != "worker"]
    app.in_hand.update(names)
    return dict(zip(names, parallel([partial(app.terminate, name) for name in names]), strict=True))


def _wait_for_the_worker(app: Any) -> None:
    """Wait a moment until no task is under way: what becomes of those is a matter of m8. The key is Celery's."""
    queue, deadline = app.redis, time.monotonic() + QUIET_SECONDS
    while queue.exists("unacked") and time.monotonic() < deadline:
        time.sleep(0.01)
