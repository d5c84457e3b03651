"""Work that has no worker goes back to the queue, and other work doesn't."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from data_platform import queue
from data_platform.database import get_engine
from data_platform.jobs import Job, try_lock, unlock
from data_platform.operational import DataSource, Import, OrderSyncRun, Report
from data_platform.worker import tasks
from data_platform.worker.recovery import recover

Messages = Callable[[], list[tuple[str, list[str], str | None]]]
LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


def seconds_ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def stored(session: Session, **fields: Any) -> Report:
    values = {"title": "March", "start": date(2026, 3, 1), "end": date(2026, 3, 31), "timezone": "UTC"}
    report = Report(**{**values, "queued_at": LONG_AGO, "request_id": "asked-1", **fields})
    session.add(report)
    session.commit()
    return report


def fill_queue() -> None:
    queue.send("requeue_unfinished")


def test_every_kind_of_job_is_found(lasting: Session, messages: Messages) -> None:
    source = DataSource(name="Shop", type="csv", connection={}, processing={}, sync_frequency="manual", active=True)
    lasting.add(source)
    lasting.flush()
    jobs: list[Job] = [
        Import(source_id=source.id, file_name="a", size=1, sha256="0" * 64, status="validating", queued_at=LONG_AGO),
        Report(title="A", start=date(2026, 3, 1), end=date(2026, 3, 1), timezone="UTC", queued_at=LONG_AGO),
        OrderSyncRun(status="processing", queued_at=LONG_AGO),
    ]
    lasting.add_all(jobs)
    lasting.commit()
    assert recover(lasting) == jobs
    assert [(task, arguments) for task, arguments, _ in messages()] == [
        ("import_file", [str(jobs[0].job_id)]),
        ("build_report", [str(jobs[1].job_id)]),
        ("sync_orders", [str(jobs[2].job_id)]),
    ]


def test_it_is_queued_in_the_name_of_the_request_that_asked_for_it(lasting: Session, messages: Messages) -> None:
    job = stored(lasting, status="processing")
    recover(lasting)
    assert messages() == [("build_report", [str(job.job_id)], "asked-1")]
    lasting.refresh(job)
    assert datetime.now(UTC) - job.queued_at < timedelta(minutes=1)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_what_is_done_is_left_alone(lasting: Session, messages: Messages, status: str) -> None:
    stored(lasting, status=status, progress=100 if status == "completed" else 40)
    assert recover(lasting) == []
    assert messages() == []


def test_what_a_living_worker_has_is_left_alone(lasting: Session, messages: Messages) -> None:
    job = stored(lasting, status="processing")
    with Session(get_engine()) as worker:
        assert try_lock(worker, job.job_id)
        assert recover(lasting) == []
        unlock(worker, job.job_id)
        worker.commit()
    assert recover(lasting) == [job]


@pytest.mark.parametrize(
    ("job", "queue_is_empty", "is_lost"),
    [
        # Nothing waits: what was begun has lost its worker, what is pending its message, unless it is on its way.
        (("processing", 0), True, True),
        (("validating", 0), True, True),
        (("pending", 1), True, False),
        (("pending", 7), True, True),
        # Something waits, which may be this.
        (("processing", 50), False, False),
        (("processing", 70), False, True),
        (("pending", 90), False, False),
        (("pending", 570), False, False),
        (("pending", 630), False, True),
    ],
)
def test_a_job_is_lost_when_nothing_that_waits_can_be_it(
    lasting: Session, messages: Messages, job: tuple[str, float], queue_is_empty: bool, is_lost: bool
) -> None:
    status, seconds = job
    found = stored(lasting, status=status, queued_at=seconds_ago(seconds))
    if not queue_is_empty:
        fill_queue()
    assert recover(lasting) == ([found] if is_lost else [])
    assert len(messages()) == is_lost + (not queue_is_empty)


def test_what_was_queued_again_waits_its_turn(lasting: Session, messages: Messages) -> None:
    stored(lasting, status="processing")
    assert len(recover(lasting)) == 1
    assert recover(lasting) == []
    assert len(messages()) == 1


def test_the_task_looks_for_lost_work(lasting: Session, messages: Messages) -> None:
    stored(lasting, status="processing")
    tasks.requeue_unfinished.apply()
    assert [task for task, _, _ in messages()] == ["build_report"]
