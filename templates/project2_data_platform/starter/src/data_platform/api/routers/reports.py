"""Reports: figures to hand on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from data_platform.api.auth import require_user
from data_platform.api.problems import NotBuiltYetError

router = APIRouter(prefix="/api/v1/reports", dependencies=[Depends(require_user)])


@router.post("")
def create_report() -> None:
    """TODO(m6.1): record a report, queue the job that builds it, answer 202."""
    raise NotBuiltYetError("m6.1", "m6-reporting")


@router.get("/{id}")
def get_report(report_id: Annotated[UUID, Path(alias="id")]) -> None:
    """Give the report in the form that the client accepts.

    TODO(m6.2): as CSV.
    TODO(m6.3): as an HTML page with charts.
    """
    raise NotBuiltYetError("m6.2", "m6-reporting")
