"""Orders pulled from the Rails shop of project 1."""

from fastapi import APIRouter, Depends

from data_platform.api.auth import require_user
from data_platform.api.problems import NotBuiltYetError

router = APIRouter(prefix="/api/v1/sync", dependencies=[Depends(require_user)])


@router.post("/orders")
def start_order_sync() -> None:
    """TODO(m7.3): queue the job that pulls the orders since the cursor, answer 202."""
    raise NotBuiltYetError("m7.3", "m7-rails-integration")


@router.get("/orders")
def get_order_sync() -> None:
    """TODO(m7.4): give the cursor, the last run and its error."""
    raise NotBuiltYetError("m7.4", "m7-rails-integration")
