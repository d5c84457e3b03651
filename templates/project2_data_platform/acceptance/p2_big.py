"""The import of 100,000 rows, with the worker's memory and the job's progress watched.

It takes as long as all others together and needs one core of the worker, so it runs in the background while scenarios
are judged that leave the worker alone.
"""

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx2
from p2_files import BigFile, big_file, tag
from p2_platform import FRESH, Ingestion, Json, Polled

YEAR = 2015
POLL_SECONDS = 0.2
TIMEOUT_SECONDS = 10


@dataclass
class BigRun:
    """How the large file fared: the answer to its upload, and if that was a job, all that was seen of it."""

    file: BigFile
    source: Json
    response: httpx2.Response
    memory: Any
    polled: Polled = field(default_factory=Polled)


@dataclass(frozen=True)
class BigImport:
    """The large file, completed."""

    source_id: int
    job: Json
    content: bytes
    rows: int
    total: Decimal
    rejected: int


def start(app: Any, token: str, limits: Any) -> Future[BigRun]:
    """Send the file in a thread; the result is there when its job is over, or its time."""
    found: Future[BigRun] = Future()

    def run() -> None:
        try:
            found.set_result(_import(app, token, limits))
        except BaseException as problem:  # noqa: BLE001 - it is the result, also where it says what blocks it
            found.set_exception(problem)

    threading.Thread(target=run, name="large import", daemon=True).start()
    return found


def _import(app: Any, token: str, limits: Any) -> BigRun:
    file = big_file(limits.ingest_rows, f"M3-{tag()}", YEAR)
    # Not one of the clients whose last exchange is shown for the scenario at hand.
    with httpx2.Client(
        base_url=app.url("api"),
        headers={"Authorization": f"Bearer {token}"},
        limits=FRESH,
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
        verify=False,  # reading the machine's certificates takes longer than an answer
    ) as client:
        ingestion = Ingestion(client, limits.job_seconds)
        source = ingestion.source()
        with app.watch_memory("worker") as memory:
            response = ingestion.send(source, file.content)
            run = BigRun(file, source, response, memory)
            if response.status_code == 202:
                run.polled = ingestion.poll(response.json(), limits.ingest_seconds, POLL_SECONDS)
        return run
