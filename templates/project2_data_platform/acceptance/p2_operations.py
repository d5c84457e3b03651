"""What happens to workers in production, made to happen: killed in the middle, stopped, started with a backlog."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import httpx2
import psycopg
from p2_platform import FRESH

from checks.acceptance import eventually
from checks.acceptance import metrics as prometheus

DEPTH = "celery_queue_depth"
COUNT = "celery_task_duration_seconds_count"
SUM = "celery_task_duration_seconds_sum"
HOLD_SECONDS = 0.8  # of the lock, each time: an import that tells its progress 20 times takes more than 10 s

DEPTH_SECONDS = 0.05  # between two looks at the queue depth, each of which costs a worker as much as some rows


@contextmanager
def slow_database(url: str) -> Iterator[None]:
    """Let nobody write to `imports` for most of the time, as if the database were busy, until the block is left.

    An import tells its progress there, so that it takes long on a fast machine too. The lock is held for a moment at a
    time and never waited for: whoever holds something that it would have to wait for is left alone.
    """
    over = threading.Event()

    def pulse() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("set lock_timeout = '50ms'")
            while not over.wait(0.02):
                with suppress(psycopg.Error), connection.transaction():
                    connection.execute("lock table imports in exclusive mode")
                    over.wait(HOLD_SECONDS)

    thread = threading.Thread(target=pulse, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def messages(redis: Any) -> dict[bytes, list[bytes]]:
    """Give what waits in each queue of the broker: the lists in Redis, newest message first."""
    return {key: redis.lrange(key, 0, -1) for key in redis.scan_iter(_type="list")}


def waiting(redis: Any) -> int:
    """Give the number of messages that wait, or that a worker has taken and not acknowledged."""
    return sum(len(found) for found in messages(redis).values()) + int(redis.hlen("unacked"))


def added(redis: Any, before: dict[bytes, list[bytes]]) -> list[tuple[bytes, bytes]]:
    """Give the messages that have come since, each with its queue."""
    return [(key, raw) for key, found in messages(redis).items() for raw in found if raw not in before.get(key, [])]


def publish_again(redis: Any, queue: bytes, raw: bytes) -> None:
    """Put a message into the queue once more, as a broker does that isn't sure of having delivered it."""
    message = json.loads(raw)
    message["properties"]["delivery_tag"] = str(uuid.uuid4())  # the transport keeps taken messages by this tag
    redis.lpush(queue, json.dumps(message))


def metrics(url: str) -> str | None:
    """Give a process's metrics, None while it doesn't answer."""
    try:
        response = _plain().get(f"{url}/metrics")
    except httpx2.TransportError:
        return None
    return response.text if response.status_code == 200 else None


@cache
def _plain() -> httpx2.Client:
    """Give one client for all: each new one reads the machine's certificates, which takes longer than an answer."""
    return httpx2.Client(timeout=5, trust_env=False, verify=False, limits=FRESH)


def depths(text: str) -> list[float]:
    """Give the depth of each queue."""
    return [value for labels, value in prometheus.samples(text, DEPTH) if "queue" in labels]


def durations(text: str, name: str = COUNT) -> dict[tuple[str, str], float]:
    """Give count (or sum) of the tasks' durations by task and outcome."""
    return {(have.get("task", ""), have.get("outcome", "")): value for have, value in prometheus.samples(text, name)}


class DepthWatch:
    """Reads queue depth from some workers' metrics, again and again, while others work."""

    def __init__(self, *urls: str) -> None:
        self.seen: list[float] = []
        self._urls = urls
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.is_set():
            for url in self._urls:
                text = metrics(url)
                if text is not None:
                    self.seen += depths(text)
            time.sleep(DEPTH_SECONDS)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()


def await_progress(api: httpx2.Client, job: dict[str, Any], beyond: int, seconds: float) -> dict[str, Any]:
    """Wait until a job's progress is beyond a number of percent (or the job has ended) and give the job."""

    def found() -> dict[str, Any]:
        body: dict[str, Any] = api.get(f"/api/v1/jobs/{job['id']}").json()
        return body if body["progress"] > beyond or body["status"] in ("completed", "failed") else {}

    return eventually(found, seconds, f"the import gets beyond {beyond} %", pause=0.1)
