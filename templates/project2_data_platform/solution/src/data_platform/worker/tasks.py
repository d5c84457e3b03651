"""Celery's tasks: each takes an id at most, and leaves the doing to a function that knows nothing of Celery."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import Task
from sqlalchemy.orm import Session

from data_platform.database import get_engine
from data_platform.observability.request_id import request_id
from data_platform.operational import Import, OrderSyncRun, Report
from data_platform.queue import app
from data_platform.worker import daily_metrics, due_sources, importing, order_sync, recovery, report_building
from data_platform.worker.metrics import observe_task
from data_platform.worker.running import Outcome, run
from data_platform.worker.stopping import StoppingError


class ObservedTask(Task):  # type: ignore[type-arg]  # generic in the stubs, not in Celery
    """A task in the name of the request that caused it, timed, with the outcome that it gives."""

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Run the task."""
        start = time.perf_counter()
        outcome = Outcome.FAILURE
        with request_id(self.request.get("request_id")):
            try:
                outcome = self.run(*args, **kwargs)
            finally:
                observe_task(self.name, outcome, time.perf_counter() - start)


@app.task(name="import_file", base=ObservedTask)
def import_file(job_id: str) -> Outcome:
    """Import a file that was uploaded."""
    return run(Import, UUID(job_id), importing.import_file)


@app.task(name="build_report", base=ObservedTask)
def build_report(job_id: str) -> Outcome:
    """Compute the figures of a report."""
    return run(Report, UUID(job_id), report_building.build)


@app.task(name="sync_orders", base=ObservedTask)
def sync_orders(job_id: str) -> Outcome:
    """Pull new orders from the commerce API."""
    return run(OrderSyncRun, UUID(job_id), order_sync.sync)


@app.task(name="refresh_daily_metrics", base=ObservedTask)
def refresh_daily_metrics() -> Outcome:
    """Compute the figures of each day anew."""
    return _do(daily_metrics.refresh)


@app.task(name="pull_due_sources", base=ObservedTask)
def pull_due_sources() -> Outcome:
    """Pull the sources whose time has come."""
    return _do(due_sources.pull_due)


@app.task(name="requeue_unfinished", base=ObservedTask)
def requeue_unfinished() -> Outcome:
    """Queue again what has no worker any more."""
    return _do(recovery.recover)


def _do(work: Callable[[Session], object]) -> Outcome:
    """Do scheduled work. What a worker that ends leaves undone, the schedule brings again."""
    with Session(get_engine(), expire_on_commit=False) as session:
        try:
            work(session)
        except StoppingError:
            return Outcome.RETRY
    return Outcome.SUCCESS
