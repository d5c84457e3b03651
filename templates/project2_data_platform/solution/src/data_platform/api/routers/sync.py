"""Orders pulled from the Rails shop of project 1."""

from fastapi import APIRouter, Response, status

from data_platform import order_sync
from data_platform.api.auth import GuardedRoute
from data_platform.api.job_schemas import JobRead
from data_platform.api.parameters import DatabaseSession
from data_platform.api.sync_schemas import OrderSyncRead

router = APIRouter(prefix="/api/v1/sync", route_class=GuardedRoute)


@router.post("/orders", status_code=status.HTTP_202_ACCEPTED)
def start_order_sync(session: DatabaseSession, response: Response) -> JobRead:
    """Pull the orders since the cursor, in the background. The run that is under way, if there is one."""
    job = JobRead.of(order_sync.start(session))
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job


@router.get("/orders")
def get_order_sync(session: DatabaseSession) -> OrderSyncRead:
    """Give the cursor, the last run and its error."""
    return OrderSyncRead.of(order_sync.current(session))
