"""Reports: figures to hand on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response, status
from fastapi.responses import HTMLResponse

from data_platform.api.auth import GuardedRoute
from data_platform.api.negotiation import choose
from data_platform.api.parameters import DatabaseSession
from data_platform.api.report_schemas import ReportCreate, ReportRead
from data_platform.reporting import page, reports, table
from data_platform.reporting.document import open_document

router = APIRouter(prefix="/api/v1/reports", route_class=GuardedRoute)
_OFFERED = ("application/json", "text/csv", "text/html")
_VARIES = {"Vary": "Accept"}


def _wanted_type(request: Request) -> str:
    return choose(request.headers.getlist("accept"), _OFFERED)


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def create_report(body: ReportCreate, session: DatabaseSession, response: Response) -> ReportRead:
    """Order a report."""
    report = reports.order(session, body.days, body.title)
    response.headers["Location"] = f"{router.prefix}/{report.id}"
    return ReportRead.model_validate(report)


@router.get("/{id}", response_model=ReportRead)
def get_report(
    report_id: Annotated[UUID, Path(alias="id")],
    wanted: Annotated[str, Depends(_wanted_type)],
    session: DatabaseSession,
    response: Response,
) -> ReportRead | Response:
    """Give the report in the form that the client accepts: its state, its days as CSV, or a page."""
    report = reports.find(session, report_id)
    if wanted == "text/csv":
        name = f"sales-{report.start}-to-{report.end}.csv"
        return Response(
            table.as_csv(open_document(report)),
            media_type=wanted,
            headers={**_VARIES, "Content-Disposition": f'attachment; filename="{name}"'},
        )
    if wanted == "text/html":
        return HTMLResponse(page.render_report(open_document(report)), headers={**_VARIES, **page.HEADERS})
    response.headers.update(_VARIES)
    return ReportRead.model_validate(report)
