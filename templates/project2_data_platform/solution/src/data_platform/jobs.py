"""Long work, the domain: its kinds, its states, how a job is found and who holds it. No web framework in here.

Each kind of job has a table of its own with the same columns, so that its state is stored once.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_platform.operational import Import, OrderSyncRun, Report

Job = Import | Report | OrderSyncRun


class JobKind(StrEnum):
    """What a job does."""

    IMPORT = "import"
    REPORT = "report"
    ORDER_SYNC = "order_sync"


class JobStatus(StrEnum):
    """How far a job is. It only goes forward; a report or a synchronisation leaves out validating."""

    PENDING = "pending"
    PROCESSING = "processing"
    VALIDATING = "validating"
    COMPLETED = "completed"
    FAILED = "failed"


class ErrorCode(StrEnum):
    """Why a job failed."""

    EMPTY_FILE = "empty-file"
    UNREADABLE_FILE = "unreadable-file"
    MISSING_COLUMNS = "missing-columns"
    UPSTREAM_UNAVAILABLE = "upstream-unavailable"
    INTERNAL = "internal"


UNFINISHED = (JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.VALIDATING)
MODELS: dict[JobKind, Any] = {
    JobKind.IMPORT: Import,
    JobKind.REPORT: Report,
    JobKind.ORDER_SYNC: OrderSyncRun,
}


class JobNotFoundError(LookupError):
    """There is no job with this id."""


def kind_of(job: Job) -> JobKind:
    """Give the kind of a job."""
    return next(kind for kind, model in MODELS.items() if isinstance(job, model))


def find_job(session: Session, job_id: UUID) -> Job:
    """Give the job with this id, whatever its kind. Raises JobNotFoundError."""
    for model in MODELS.values():
        job: Job | None = session.scalar(select(model).where(model.job_id == job_id))
        if job is not None:
            return job
    raise JobNotFoundError(f"There is no job {job_id}.")


def unfinished_jobs(session: Session) -> Iterator[Job]:
    """Give every job that is neither completed nor failed, oldest first within its kind."""
    for model in MODELS.values():
        yield from session.scalars(select(model).where(model.status.in_(UNFINISHED)).order_by(model.created_at))


def try_lock(session: Session, job_id: UUID) -> bool:
    """Take the job for this connection until `unlock`, or until the connection ends, however it ends.

    Gives False if another connection has it. A flag in a table would stay when its worker dies; this can't.
    """
    return bool(session.scalar(select(func.pg_try_advisory_lock(_key(job_id)))))


def unlock(session: Session, job_id: UUID) -> None:
    """Let go of the job."""
    session.execute(select(func.pg_advisory_unlock(_key(job_id))))


def is_locked(session: Session, job_id: UUID) -> bool:
    """Tell whether a living worker has the job. An unfinished job that nobody has is waiting, or its worker is dead."""
    # Taken for a moment: whoever wants it just now finds it taken, and leaves the job to recovery.
    return not session.scalar(select(func.pg_try_advisory_xact_lock(_key(job_id))))


def _key(job_id: UUID) -> int:
    # PostgreSQL names advisory locks by a bigint; 60 bits of these are random.
    return int.from_bytes(job_id.bytes[:8], signed=True)
