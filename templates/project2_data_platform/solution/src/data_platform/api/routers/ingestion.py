"""Uploads, the jobs they start, and the rows that were not taken."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response, status
from fastapi.responses import StreamingResponse

from data_platform import imports, jobs
from data_platform.api.auth import GuardedRoute
from data_platform.api.job_schemas import JobRead, RejectPage
from data_platform.api.negotiation import choose
from data_platform.api.parameters import DatabaseSession, Page, PerPage, RowId
from data_platform.api.uploads import ReceivedFile
from data_platform.operational import Reject
from data_platform.spreadsheets import harmless

JOBS = "/api/v1/jobs"
router = APIRouter(prefix="/api/v1", route_class=GuardedRoute)


def _wanted_type(request: Request) -> str:
    return choose(request.headers.getlist("accept"), ("application/json", "text/csv"))


@router.post("/data-sources/{id}/uploads", status_code=status.HTTP_202_ACCEPTED)
def upload_file(source_id: RowId, file: ReceivedFile, session: DatabaseSession, response: Response) -> JobRead:
    """Take a file in; it is imported by a job."""
    job = JobRead.of(imports.receive(session, source_id, file))
    response.headers["Location"] = f"{JOBS}/{job.id}"
    return job


@router.get("/jobs/{id}")
def get_job(job_id: Annotated[UUID, Path(alias="id")], session: DatabaseSession) -> JobRead:
    """Say how far a job is, with its counts and errors."""
    return JobRead.of(jobs.find_job(session, job_id))


@router.get("/imports/{id}/rejects", response_model=RejectPage)
def list_rejects(
    import_id: RowId,
    session: DatabaseSession,
    wanted: Annotated[str, Depends(_wanted_type)],
    page: Page = 1,
    per_page: PerPage = 20,
) -> RejectPage | Response:
    """Give the rejected rows as a page, or all of them as CSV."""
    if wanted == "text/csv":
        lines = _csv_lines(imports.all_rejects(session, import_id))
        disposition = f'attachment; filename="rejects-{import_id}.csv"'
        return StreamingResponse(lines, media_type=wanted, headers={"Content-Disposition": disposition})
    found = imports.list_rejects(session, import_id, page=page, per_page=per_page)
    return RejectPage.model_validate({"items": found.items, "page": page, "per_page": per_page, "total": found.total})


def _csv_lines(rejects: Iterable[Reject]) -> Iterator[str]:
    """Give the file piece by piece: there may be 100,000 rows."""
    yield _csv_line(("row_number", "reasons", "raw"))
    for reject in rejects:
        reasons = "; ".join(f"{reason['field'] or ''}:{reason['code']}" for reason in reject.reasons)
        yield _csv_line((str(reject.row_number), reasons, json.dumps(reject.raw, ensure_ascii=False)))


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([harmless(cell) for cell in cells])
    return line.getvalue()
