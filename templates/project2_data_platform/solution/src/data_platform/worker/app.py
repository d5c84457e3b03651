"""The Celery application of worker and beat: `celery --app data_platform.worker.app worker`."""

import logging
import os
from datetime import timedelta
from threading import Timer
from typing import Any

from celery import bootsteps
from celery.apps.worker import install_worker_term_handler  # type: ignore[attr-defined]  # not in the stubs
from celery.schedules import schedule
from celery.signals import beat_init, setup_logging, worker_ready, worker_shutting_down

from data_platform import queue
from data_platform.config import get_settings
from data_platform.observability.logs import configure_logs
from data_platform.queue import app
from data_platform.schedule import parse_schedule
from data_platform.worker import stopping
from data_platform.worker.metrics import serve_queue_depth
from data_platform.worker.operations import serve_operations

__all__ = ["app"]
_log = logging.getLogger(__name__)
# The platform kills what is still there ten seconds after SIGTERM.
_DRAIN_SECONDS = 8
# By then PostgreSQL has noticed that a killed worker's connection is gone, though a statement was running.
_SECOND_LOOK_SECONDS = 15


def _entry(task: str, when: object, seconds: float) -> dict[str, Any]:
    """Give an entry of the schedule. What a worker didn't get to in time has expired: the next one is due by then."""
    return {"task": task, "schedule": when, "options": {"expires": seconds}}


def beat_entries(daily_metrics: str) -> dict[str, dict[str, Any]]:
    """Give what beat starts and when. Everything here may run twice, or too late, without harm."""
    when = parse_schedule(daily_metrics)
    patience = when.seconds if isinstance(when, schedule) else timedelta(hours=12).total_seconds()
    return {
        "daily metrics": _entry("refresh_daily_metrics", when, patience),
        "sources that are due": _entry("pull_due_sources", schedule(timedelta(seconds=15)), 15),
        "recovery": _entry("requeue_unfinished", schedule(timedelta(seconds=10)), 10),
    }


configure_logs(get_settings().log_level)  # at once: Celery warns before it sends setup_logging
app.conf.update(
    include=["data_platform.worker.tasks"],
    # Wait for Redis at the start, too: containers come up in any order. And as long as it takes.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Threads, two at a time: see docs/adr/0005.
    worker_pool="threads",
    worker_concurrency=2,
    # What waits is seen in the queue, where another worker can take it: none is held here.
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    # A message is acknowledged when it is taken, because it says only "look at this job". One that is held until its
    # task is done comes back too late to help, and ends the worker if Redis is lost meanwhile: see docs/adr/0009.
    task_acks_late=False,
    # In memory: a container's disk is gone after a deployment, and a schedule file with it.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule=beat_entries(get_settings().daily_metrics_schedule),
)


class Operations(bootsteps.StartStopStep):
    """Health and metrics, from before the first message is taken."""

    def start(self, worker: Any) -> None:
        """Serve them. Raises OSError if the port is taken."""
        serve_queue_depth()
        serve_operations("worker", get_settings().port)
        # Once more, without the line that Celery prints past all logging.
        install_worker_term_handler(worker, verbose=False)


class Attention(bootsteps.StartStopStep):
    """Take the next message as soon as a thread is free."""

    requires = ("celery.worker.components:Hub",)
    seconds = 0.05

    def start(self, worker: Any) -> None:
        """Wake Celery's event loop that often, to look for messages: no thread that gets free wakes it.

        By itself it sleeps for up to a second after it has found both threads at work.
        """
        worker.hub.call_repeatedly(self.seconds, lambda: None)


app.steps["worker"].update((Operations, Attention))


@setup_logging.connect
def _keep_our_logs(**_signal: Any) -> None:
    """Do nothing: that there is a receiver keeps Celery from setting up logs of its own."""


@worker_ready.connect
def _recover(**_signal: Any) -> None:
    _look_for_unfinished()
    # Not a message with a countdown: that would wait in this worker unacknowledged, and a connection to Redis that is
    # lost meanwhile would end the worker.
    later = Timer(_SECOND_LOOK_SECONDS, _look_for_unfinished)
    later.daemon = True
    later.start()


def _look_for_unfinished() -> None:
    try:
        queue.send("requeue_unfinished", expires=60)
    except queue.QueueUnavailableError as error:
        _log.warning("unfinished work is looked for by beat: %s", error)


@worker_shutting_down.connect
def _drain(**_signal: Any) -> None:
    """Have long work end at its next check; what can't is left to recovery, as if the worker had been killed."""
    stopping.request()
    backstop = Timer(_DRAIN_SECONDS, _leave)
    backstop.daemon = True
    backstop.start()


def _leave() -> None:
    _log.warning("a task did not end in time and is left to the next worker")
    logging.shutdown()
    os._exit(0)


@beat_init.connect
def _observe_beat(**_signal: Any) -> None:
    serve_operations("beat", get_settings().port)
