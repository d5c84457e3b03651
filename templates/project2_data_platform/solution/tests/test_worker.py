"""The worker as a process: its metrics, its logs, and what becomes of work when it is killed or ends."""

import json
import signal
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from data_platform import queue
from data_platform.operational import Reject
from data_platform.warehouse.models import Sale
from tests.files import csv_file, sale
from tests.processes import eventually, started

SOURCES = "/api/v1/data-sources"
ROWS = 12_000
BAD_ROWS = 50
# Each batch waits a little to tell its progress, as if the database were busy: else it might be over too soon.
SLOW = """
    CREATE FUNCTION wait_a_little() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END';
    CREATE TRIGGER slow BEFORE UPDATE OF progress ON imports FOR EACH ROW
    WHEN (NEW.progress BETWEEN 1 AND 89) EXECUTE FUNCTION wait_a_little()
"""


@pytest.fixture(scope="module")
def large() -> bytes:
    """Give a file of several batches, with a few rows that are rejected."""
    bad = [sale(number, quantity="0") for number in range(BAD_ROWS)]
    return csv_file([*bad, *(sale(number, customer_id=f"C-{number % 1000}") for number in range(ROWS))])


@pytest.fixture
def busy_database(lasting: Session) -> Iterator[None]:
    lasting.execute(text(SLOW))
    lasting.commit()
    yield
    lasting.rollback()
    lasting.execute(text("DROP FUNCTION wait_a_little() CASCADE"))
    lasting.commit()


def upload(client: TestClient, content: bytes) -> str:
    source_id = client.post(SOURCES, json={"name": str(uuid4()), "type": "csv"}).json()["id"]
    response = client.post(f"{SOURCES}/{source_id}/uploads", files={"file": ("a.csv", content, "text/csv")})
    location: str = response.headers["Location"]
    return location


def job(client: TestClient, location: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(location).json()
    return found


def is_under_way(client: TestClient, location: str) -> bool:
    return bool(job(client, location)["progress"] > 5)


def assert_completed_once(client: TestClient, session: Session, location: str) -> None:
    done = job(client, location)
    assert (done["status"], done["progress"], done["errors"]) == ("completed", 100, [])
    assert done["counts"] == {"records": ROWS + BAD_ROWS, "processed": ROWS, "rejected": BAD_ROWS}
    count, total = session.execute(select(func.count(), func.sum(Sale.total)).select_from(Sale)).one()
    assert (count, total) == (ROWS, ROWS * Decimal("39.80"))
    assert session.scalar(select(func.count()).select_from(Reject)) == BAD_ROWS


def test_work_of_a_killed_worker_is_completed_once_by_the_next(
    live_client: TestClient, lasting: Session, large: bytes, busy_database: None
) -> None:
    with started("worker") as killed:
        killed.wait_until_ready()
        location = upload(live_client, large)
        eventually(lambda: is_under_way(live_client, location))
        assert killed.end(signal.SIGKILL, seconds=10) == -signal.SIGKILL
    left = job(live_client, location)
    assert left["status"] == "processing"
    with started("worker"):
        eventually(lambda: job(live_client, location)["status"] == "completed")
    assert_completed_once(live_client, lasting, location)


def test_a_worker_that_is_asked_to_end_hands_its_work_on(
    live_client: TestClient, lasting: Session, large: bytes, busy_database: None
) -> None:
    with started("worker") as first:
        first.wait_until_ready()
        location = upload(live_client, large)
        eventually(lambda: is_under_way(live_client, location))
        assert first.end(signal.SIGTERM, seconds=10) == 0
    left = job(live_client, location)
    assert (left["status"], left["errors"]) == ("processing", [])
    assert "goes back to the queue" in first.output
    with started("worker"):
        eventually(lambda: job(live_client, location)["status"] == "completed")
    assert_completed_once(live_client, lasting, location)


def test_metrics_show_what_waits_and_how_long_tasks_took_and_logs_carry_the_request(
    live_client: TestClient, lasting: Session
) -> None:
    content = csv_file([sale(number) for number in range(3000)])
    live_client.headers["X-Request-Id"] = "upload-4711"
    locations = [upload(live_client, content) for _ in range(4)]
    live_client.headers["X-Request-Id"] = "upload-bad"
    locations.append(upload(live_client, b""))
    assert queue.depth() == 5
    depth = 'celery_queue_depth{queue="celery"}'
    count = 'celery_task_duration_seconds_count{outcome="%s",task="import_file"}'
    with started("worker") as worker:
        worker.wait_until_ready()
        assert (worker.metric(depth) or 0) > 0
        eventually(lambda: all(job(live_client, each)["status"] in {"completed", "failed"} for each in locations))
        # One that was taken just when lost work was looked for comes twice, and is a success without an effect.
        eventually(lambda: (worker.metric(count % "success") or 0) >= 4)
        assert worker.metric(count % "failure") == 1
        eventually(lambda: worker.metric(depth) == 0)
        assert worker.end(signal.SIGTERM, seconds=10) == 0
    lines = [json.loads(line) for line in worker.output.splitlines()]
    of_the_upload = [line["message"] for line in lines if line["request_id"] == "upload-4711"]
    assert sum("begins" in message for message in of_the_upload) == 4
    (failed,) = (line for line in lines if "failed" in line["message"])
    assert failed["request_id"] == "upload-bad"


def test_two_workers_at_once_do_each_job_once(live_client: TestClient, lasting: Session) -> None:
    locations = [upload(live_client, csv_file([sale(number)])) for number in range(20)]
    with started("worker") as first, started("worker") as second:
        eventually(lambda: all(job(live_client, each)["status"] == "completed" for each in locations))
        for worker in (first, second):
            worker.wait_until_ready()
            assert worker.end(signal.SIGTERM, seconds=30) == 0
    begun = (first.output + second.output).count("begins, attempt 1")
    assert begun == 20
    assert lasting.scalar(select(func.count()).select_from(Sale)) == 20
