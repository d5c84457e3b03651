"""Uploads, the jobs they start, and the rows that were not taken."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from data_platform.api.auth import require_user
from data_platform.api.parameters import RowId
from data_platform.api.problems import NotBuiltYetError

router = APIRouter(prefix="/api/v1", dependencies=[Depends(require_user)])


@router.post("/data-sources/{id}/uploads")
def upload_file(source_id: RowId) -> None:
    """Take a file in.

    TODO(m3.1): store the file as it came, record an import, queue the job, answer 202 with its Location.
    TODO(m3.2): refuse the wrong type with 415 and a file over 20 MiB with 413, before it fills the disk.
    """
    raise NotBuiltYetError("m3.1", "m3-ingestion")


@router.get("/jobs/{id}")
def get_job(job_id: Annotated[UUID, Path(alias="id")]) -> None:
    """TODO(m3.3): say how far a job is, with its counts and errors."""
    raise NotBuiltYetError("m3.3", "m3-ingestion")


@router.get("/imports/{id}/rejects")
def list_rejects(import_id: RowId) -> None:
    """TODO(m4.4): give the rejected rows as pages, or as CSV if the client accepts that."""
    raise NotBuiltYetError("m4.4", "m4-validation-and-cleaning")
