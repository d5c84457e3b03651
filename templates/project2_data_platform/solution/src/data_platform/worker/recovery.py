"""Work that nobody does any more goes back to the queue.

A message is lost with the worker that had it, until Redis gives it out again after the visibility timeout. The truth is
in PostgreSQL: a job that is unfinished, and whose lock is free, has no worker.
"""

import logging
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_platform import queue
from data_platform.jobs import Job, JobStatus, is_locked, unfinished_jobs

_log = logging.getLogger(__name__)
# A job that was just queued is on its way.
_ON_ITS_WAY = timedelta(seconds=5)
# While others wait, a job may be one of them; for so long at most.
_PATIENCE = timedelta(minutes=1)
_PATIENCE_WHILE_PENDING = timedelta(minutes=10)


def recover(session: Session) -> list[Job]:
    """Queue again what is unfinished and has no worker; give those jobs. Raises QueueUnavailableError, RedisError."""
    queue_is_empty = queue.depth() == 0
    now = session.scalars(select(func.statement_timestamp())).one()
    candidates = [job for job in unfinished_jobs(session) if _is_due(job, now - job.queued_at, queue_is_empty)]
    # Asked last: locks are for the end of the transaction.
    lost = [job for job in candidates if not is_locked(session, job.job_id)]
    session.commit()
    for job in lost:
        queue.requeue(session, job)
        _log.warning("%s %s had no worker and was queued again", job.__tablename__, job.job_id)
    return lost


def _is_due(job: Job, since_queued: timedelta, queue_is_empty: bool) -> bool:
    is_pending = job.status == JobStatus.PENDING
    if queue_is_empty:
        # Nothing waits, so this doesn't either: it is being done, or lost.
        return not is_pending or since_queued > _ON_ITS_WAY
    # Each that waits would be doubled every few seconds, were it queued again.
    return since_queued > (_PATIENCE_WHILE_PENDING if is_pending else _PATIENCE)
