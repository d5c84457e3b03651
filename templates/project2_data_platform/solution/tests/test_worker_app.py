"""The worker's parts that need no process of their own."""

import logging
import os
import socket
from types import SimpleNamespace
from uuid import uuid4

import pytest
from celery.signals import worker_ready, worker_shutting_down
from kombu.asynchronous import Hub
from kombu.exceptions import OperationalError
from prometheus_client import REGISTRY
from sqlalchemy.orm import Session

from data_platform import queue
from data_platform.config import get_settings
from data_platform.operational import Import, OrderSyncRun, Report
from data_platform.worker import (
    app,
    daily_metrics,
    due_sources,
    importing,
    order_sync,
    recovery,
    report_building,
    stopping,
    tasks,
)
from data_platform.worker.metrics import QueueDepth
from data_platform.worker.running import Outcome
from data_platform.worker.stopping import StoppingError
from tests.test_running import Messages


def counted(task: str, outcome: str) -> float:
    labels = {"task": task, "outcome": outcome}
    return REGISTRY.get_sample_value("celery_task_duration_seconds_count", labels) or 0


def test_a_task_is_timed_by_its_name_and_outcome(lasting: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counted("import_file", "retry")
    monkeypatch.setattr(tasks, "run", lambda *_arguments: Outcome.RETRY)
    tasks.import_file.apply((str(uuid4()),))
    assert counted("import_file", "retry") == before + 1
    assert REGISTRY.get_sample_value(
        "celery_task_duration_seconds_bucket", {"task": "import_file", "outcome": "retry", "le": "0.05"}
    )


def test_a_task_that_raises_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> Outcome:
        raise RuntimeError("the database is gone")

    before = counted("import_file", "failure")
    monkeypatch.setattr(tasks, "run", broken)
    tasks.import_file.apply((str(uuid4()),))
    assert counted("import_file", "failure") == before + 1


@pytest.mark.parametrize(
    ("name", "model", "work"),
    [
        ("import_file", Import, importing.import_file),
        ("build_report", Report, report_building.build),
        ("sync_orders", OrderSyncRun, order_sync.sync),
    ],
)
def test_each_kind_of_job_has_a_task_that_does_it(
    monkeypatch: pytest.MonkeyPatch, name: str, model: object, work: object
) -> None:
    done: list[tuple[object, ...]] = []

    def remember(*arguments: object) -> Outcome:
        done.append(arguments)
        return Outcome.SUCCESS

    job_id = uuid4()
    monkeypatch.setattr(tasks, "run", remember)
    queue.app.tasks[name].apply((str(job_id),))
    assert done == [(model, job_id, work)]


@pytest.mark.parametrize(
    ("name", "module", "function"),
    [
        ("refresh_daily_metrics", daily_metrics, "refresh"),
        ("pull_due_sources", due_sources, "pull_due"),
        ("requeue_unfinished", recovery, "recover"),
    ],
)
def test_scheduled_work_is_done_or_left_to_the_next_time(
    lasting: Session, monkeypatch: pytest.MonkeyPatch, name: str, module: object, function: str
) -> None:
    def stopped(session: Session) -> None:
        assert session.is_active
        stopping.check()

    monkeypatch.setattr(module, function, stopped)
    before = {outcome: counted(name, outcome) for outcome in ("success", "retry")}
    queue.app.tasks[name].apply()
    assert counted(name, "success") == before["success"] + 1
    stopping.request()
    try:
        queue.app.tasks[name].apply()
    finally:
        stopping.withdraw()
    assert counted(name, "retry") == before["retry"] + 1


def test_each_message_that_the_api_sends_has_its_task() -> None:
    assert set(queue.TASKS.values()) <= set(queue.app.tasks)
    assert {entry["task"] for entry in queue.app.conf.beat_schedule.values()} <= set(queue.app.tasks)


def test_a_worker_holds_no_messages() -> None:
    conf = queue.app.conf
    assert (conf.worker_prefetch_multiplier, conf.worker_disable_prefetch, conf.task_acks_late) == (1, True, False)
    assert (conf.worker_pool, conf.worker_concurrency) == ("threads", 2)


def test_the_event_loop_never_sleeps_long() -> None:
    worker = SimpleNamespace(hub=Hub())
    app.Attention(worker).start(worker)
    for _ in range(3):
        assert worker.hub.fire_timers() <= app.Attention.seconds


def test_the_depth_of_the_queue_is_what_waits_now(messages: Messages) -> None:
    for expected in (0, 1, 2):
        (family,) = QueueDepth().collect()
        (sample,) = family.samples
        assert (sample.name, sample.labels, sample.value) == ("celery_queue_depth", {"queue": "celery"}, expected)
        queue.send("requeue_unfinished")


def unused_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{unused.getsockname()[1]}/0")
    get_settings.cache_clear()


def test_a_queue_that_can_not_be_measured_has_no_depth(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unused_redis(monkeypatch)
    (family,) = QueueDepth().collect()
    monkeypatch.undo()
    get_settings.cache_clear()
    assert family.samples == []
    assert "the queue can't be measured" in caplog.text


def test_a_queue_that_is_down_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object, **_options: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(queue.app, "send_task", refused)
    with pytest.raises(queue.QueueUnavailableError, match=r"^The job could not be queued\. Try again later\.$"):
        queue.send("import_file", "1")


def test_a_worker_looks_for_lost_work_when_it_starts_and_once_more_without_a_message_that_waits(
    messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[SimpleNamespace] = []

    def timer(seconds: float, then: object) -> SimpleNamespace:
        timers.append(SimpleNamespace(seconds=seconds, then=then, daemon=False, start=lambda: None))
        return timers[-1]

    monkeypatch.setattr(app, "Timer", timer)
    worker_ready.send(sender=None)
    assert [task for task, _, _ in messages()] == ["requeue_unfinished"]
    [later] = timers
    assert (later.seconds, later.daemon) == (15, True)
    later.then()
    assert [task for task, _, _ in messages()] == ["requeue_unfinished", "requeue_unfinished"]


def test_a_worker_that_starts_while_redis_is_down_leaves_lost_work_to_beat(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_arguments: object, **_options: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(queue.app, "send_task", refused)
    monkeypatch.setattr(app, "Timer", lambda *_arguments: SimpleNamespace(daemon=False, start=lambda: None))
    worker_ready.send(sender=None)
    assert "unfinished work is looked for by beat" in caplog.text


def test_a_worker_that_shall_end_asks_its_work_to_stop_and_sets_itself_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timers: list[SimpleNamespace] = []

    def timer(seconds: float, then: object) -> SimpleNamespace:
        timers.append(SimpleNamespace(seconds=seconds, then=then, daemon=False, start=lambda: None))
        return timers[-1]

    monkeypatch.setattr(app, "Timer", timer)
    worker_shutting_down.send(sender=None)
    try:
        with pytest.raises(StoppingError):
            stopping.check()
    finally:
        stopping.withdraw()
    (limit,) = timers
    assert (limit.seconds, limit.then, limit.daemon) == (8, app._leave, True)


def test_a_task_that_does_not_end_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(logging, "shutdown", lambda: None)
    app._leave()
    assert codes == [0]
    assert "left to the next worker" in caplog.text
