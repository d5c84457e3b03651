"""How a job is run: by one worker at a time, over one connection, and with an outcome that is written down."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data_platform.database import get_engine
from data_platform.jobs import UNFINISHED, ErrorCode, JobStatus, try_lock, unlock
from data_platform.observability.request_id import current_request_id
from data_platform.operational import Import, OrderSyncRun, Report
from data_platform.queue import QueueUnavailableError, requeue
from data_platform.worker.stopping import StoppingError

_log = logging.getLogger(__name__)
# A job that takes its worker down each time must not do so for ever.
MOST_ATTEMPTS = 5

AnyJob = TypeVar("AnyJob", Import, Report, OrderSyncRun)


class Outcome(StrEnum):
    """How a task ended, as the metrics name it."""

    SUCCESS = "success"
    FAILURE = "failure"
    RETRY = "retry"


class JobFailedError(Exception):
    """The job can't be done; says why, for the person who asked for it."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def run(model: type[AnyJob], job_id: UUID, work: Callable[[Session, AnyJob], None]) -> Outcome:
    """Do a job, unless it is done already or another worker has it: a message may come twice.

    `work` gets a session and the row of the job, which nobody else changes meanwhile. It commits as often as it likes;
    what it leaves open is committed together with the state `completed`. It fails the job by JobFailedError.
    Raises DBAPIError when the database is lost; then recovery will find the job.
    """
    with held(model, job_id) as (session, job):
        if job is None:
            return Outcome.SUCCESS
        try:
            _begin(session, job)
            work(session, job)
            job.status = JobStatus.COMPLETED
            job.progress = 100
            job.completed_at = func.statement_timestamp()
            session.commit()
        except StoppingError:
            session.rollback()
            return _give_back(session, job)
        except JobFailedError as error:
            session.rollback()
            return _fail(session, job, error.code, str(error))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            _log.exception("unexpected error of the database")
            return _fail_unexpectedly(session, job)
        except Exception:  # noqa: BLE001  (logged, and written down: the job must not stay as it is for ever)
            _log.exception("unexpected error")
            return _fail_unexpectedly(session, job)
        _log.info("%s %s completed", model.__tablename__, job.job_id)
        return Outcome.SUCCESS


@contextmanager
def held(model: type[AnyJob], job_id: UUID) -> Iterator[tuple[Session, AnyJob | None]]:
    """Give the job, locked by the session's one connection until the block ends; None if there is nothing to do.

    All that is written goes through the connection that holds the lock: without the lock there are no writes.
    """
    with get_engine().connect() as connection, Session(connection, expire_on_commit=False) as session:
        if not try_lock(session, job_id):
            _log.info("%s %s is being done by another worker", model.__tablename__, job_id)
            yield session, None
            return
        try:
            # Read only now: another worker may have completed it a moment ago.
            job = session.scalar(select(model).where(model.job_id == job_id, model.status.in_(UNFINISHED)))
            session.commit()
            if job is None:
                _log.info("%s %s is done, or not there", model.__tablename__, job_id)
            yield session, job
        finally:
            if not connection.invalidated:
                session.rollback()
                unlock(session, job_id)
                session.commit()


def advance(session: Session, job: AnyJob, progress: int) -> None:
    """Commit what was done so far, and how far that is. Progress never falls, also when a job begins anew."""
    job.progress = max(job.progress, min(progress, 99))
    session.commit()


def _begin(session: Session, job: AnyJob) -> None:
    job.attempts += 1
    if job.attempts > MOST_ATTEMPTS:
        raise JobFailedError(ErrorCode.INTERNAL, f"It was given up after {MOST_ATTEMPTS} attempts.")
    if job.status == JobStatus.PENDING:
        job.status = JobStatus.PROCESSING
        job.started_at = func.statement_timestamp()
    session.commit()
    _log.info("%s %s begins, attempt %d", type(job).__tablename__, job.job_id, job.attempts)


def _give_back(session: Session, job: AnyJob) -> Outcome:
    """Leave the job to another worker. It is not to blame: the attempt doesn't count."""
    job.attempts -= 1
    session.commit()
    _log.info("%s %s goes back to the queue", type(job).__tablename__, job.job_id)
    try:
        requeue(session, job)
    except QueueUnavailableError:
        _log.warning("the queue can't be reached; recovery will find the job")
    return Outcome.RETRY


def _fail(session: Session, job: AnyJob, code: ErrorCode, message: str) -> Outcome:
    job.status = JobStatus.FAILED
    job.error_code = code
    job.error = message
    job.completed_at = func.statement_timestamp()
    session.commit()
    _log.warning("%s %s failed: %s", type(job).__tablename__, job.job_id, message)
    return Outcome.FAILURE


def _fail_unexpectedly(session: Session, job: AnyJob) -> Outcome:
    session.rollback()
    message = f"Something went wrong here. The request id {current_request_id()} helps us to find it."
    return _fail(session, job, ErrorCode.INTERNAL, message)
