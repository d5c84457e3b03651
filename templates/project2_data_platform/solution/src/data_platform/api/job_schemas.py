"""Bodies of jobs and rejects."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from data_platform.jobs import ErrorCode, Job, JobKind, JobStatus, kind_of
from data_platform.operational import Import, Report


class Counts(BaseModel):
    """Rows read, rows in the warehouse, rows kept as rejects."""

    model_config = ConfigDict(from_attributes=True)

    records: int
    processed: int
    rejected: int


class JobError(BaseModel):
    """Why a job failed."""

    code: ErrorCode
    message: str


class JobRead(BaseModel):
    """A job as it is."""

    id: UUID
    kind: JobKind
    status: JobStatus
    progress: int
    counts: Counts
    import_id: int | None
    report_id: UUID | None
    errors: list[JobError]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """Give the body for a job of any kind."""
        errors = [] if job.error_code is None else [JobError(code=ErrorCode(job.error_code), message=job.error or "")]
        return cls(
            id=job.job_id,
            kind=kind_of(job),
            status=JobStatus(job.status),
            progress=job.progress,
            counts=Counts.model_validate(job),
            import_id=job.id if isinstance(job, Import) else None,
            report_id=job.id if isinstance(job, Report) else None,
            errors=errors,
            created_at=job.created_at,
            started_at=job.started_at,
            completed_at=job.completed_at,
        )


class RejectRead(BaseModel):
    """A row that was not taken."""

    model_config = ConfigDict(from_attributes=True)

    row_number: int
    raw: Any
    reasons: list[dict[str, Any]]


class RejectPage(BaseModel):
    """One page of rejects."""

    model_config = ConfigDict(from_attributes=True)

    items: list[RejectRead]
    page: int
    per_page: int
    total: int
