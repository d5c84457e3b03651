"""The queue between those who want work done and the workers: Celery over Redis, from the sender's side."""

from typing import Any

import redis
from celery import Celery
from celery.signals import before_task_publish
from kombu.exceptions import OperationalError
from sqlalchemy import delete, func
from sqlalchemy.orm import Session

from data_platform.config import get_settings
from data_platform.jobs import Job, JobKind, kind_of
from data_platform.observability.request_id import current_request_id, request_id
from data_platform.operational import Import, RawChunk

QUEUE = "celery"
TASKS = {JobKind.IMPORT: "import_file", JobKind.REPORT: "build_report", JobKind.ORDER_SYNC: "sync_orders"}
_TIMEOUT_SECONDS = 2

app = Celery("data_platform", broker=str(get_settings().redis_url), set_as_current=True)
app.conf.update(
    task_default_queue=QUEUE,
    # The state of a job is a row in PostgreSQL. A second copy in a result backend would only disagree with it.
    task_ignore_result=True,
    timezone="UTC",
    # An upload waits for its answer: say soon that the queue is down.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1},
    broker_transport_options={
        "socket_connect_timeout": _TIMEOUT_SECONDS,
        # A message whose worker died before it was taken up comes back after this. Recovery (worker/recovery.py) is
        # much faster, and a message that comes twice does no harm.
        "visibility_timeout": 1800,
    },
)


class QueueUnavailableError(Exception):
    """The queue can't be reached."""


@before_task_publish.connect
def _name_the_request(headers: dict[str, Any], **_signal: Any) -> None:
    """Send the id of the request along, so that one id finds it and everything it caused."""
    headers["request_id"] = current_request_id()


def submit(session: Session, job: Job) -> None:
    """Store a new job and queue it. Raises QueueUnavailableError; then the job is gone again.

    Committed first: a worker must not look for a job that isn't there yet. What a crash in between leaves behind is
    queued by recovery.
    """
    job.request_id = current_request_id()
    session.commit()
    try:
        enqueue(job)
    except QueueUnavailableError:
        if isinstance(job, Import):
            session.execute(delete(RawChunk).where(RawChunk.import_id == job.id))
        session.delete(job)
        session.commit()
        raise


def requeue(session: Session, job: Job) -> None:
    """Queue a job again that is stored already. Raises QueueUnavailableError."""
    job.queued_at = func.statement_timestamp()
    session.commit()
    enqueue(job)


def enqueue(job: Job) -> None:
    """Send the message for a job, in the name of the request that asked for it. Raises QueueUnavailableError."""
    with request_id(job.request_id):
        send(TASKS[kind_of(job)], str(job.job_id))


def send(task: str, *arguments: str, **options: Any) -> None:
    """Send the message for a task. Raises QueueUnavailableError."""
    try:
        app.send_task(task, args=arguments, **options)
    except OperationalError as error:
        raise QueueUnavailableError("The job could not be queued. Try again later.") from error


def depth() -> int:
    """Give how many messages wait. Raises redis.RedisError."""
    with redis.Redis.from_url(
        str(get_settings().redis_url), socket_connect_timeout=_TIMEOUT_SECONDS, socket_timeout=_TIMEOUT_SECONDS
    ) as client:
        return int(client.llen(QUEUE))
