"""The Celery application of worker and beat: `celery --app data_platform.worker.app worker`."""

from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_ready

from data_platform.config import get_settings
from data_platform.observability.logs import configure_logs
from data_platform.worker.operations import serve_operations

# TODO(m1.5): carry the request id in a header of each message (before_task_publish) and take it up in the worker
# (task_prerun), so that one id finds the request and everything it caused.
# TODO(m8.2): acknowledge a task when it is done, not when it starts, and make each task safe to run twice.
# TODO(m8.3): count tasks and time them (task_prerun, task_postrun), and export how many wait in the queue.
# TODO(m8.4): a warm shutdown waits for running tasks as long as they take; give them less than 10 seconds.
configure_logs(get_settings().log_level)  # at once: Celery warns before it sends setup_logging
app = Celery("data_platform", broker=str(get_settings().redis_url), include=["data_platform.worker.tasks"])
app.conf.update(
    # The state of a job is a row in PostgreSQL. A second copy in a result backend would only disagree with it.
    task_ignore_result=True,
    # Wait for Redis at the start, too: containers come up in any order.
    broker_connection_retry_on_startup=True,
    timezone="UTC",
    # In memory: a container's disk is gone after a deployment, and a schedule file with it.
    beat_scheduler="celery.beat:Scheduler",
    # TODO(m8.1): the daily metrics, shortly after midnight UTC.
    beat_schedule={},
)


@setup_logging.connect
def _keep_our_logs(**_signal: Any) -> None:
    """Do nothing: that there is a receiver keeps Celery from setting up logs of its own."""


@worker_ready.connect
def _observe_worker(**_signal: Any) -> None:
    serve_operations("worker", get_settings().port)


@beat_init.connect
def _observe_beat(**_signal: Any) -> None:
    serve_operations("beat", get_settings().port)
