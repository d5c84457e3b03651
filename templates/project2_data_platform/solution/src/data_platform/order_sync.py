"""The synchronisation of orders, the domain: how a run is started, and how things stand. No web framework in here."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_platform import jobs, queue
from data_platform.config import get_settings
from data_platform.jobs import UNFINISHED, JobStatus
from data_platform.operational import OrderSyncRun, SyncCursor

FEED = "orders"
# Held while a run is looked for and, if there is none, made: two requests at once must get the same one.
_START_LOCK = 0x0DE5

State = Literal["never_run", "running", "ok", "failed"]


class NotConfiguredError(Exception):
    """It isn't known which shop to ask."""

    def __init__(self) -> None:
        super().__init__("COMMERCE_API_URL and COMMERCE_API_TOKEN are not set.")


@dataclass(frozen=True)
class OrderSync:
    """How things stand."""

    state: State
    cursor: str | None
    last_run: OrderSyncRun | None


def credentials() -> tuple[str, str]:
    """Give the shop's address and our token. Raises NotConfiguredError."""
    settings = get_settings()
    if settings.commerce_api_url is None or settings.commerce_api_token is None:
        raise NotConfiguredError
    return str(settings.commerce_api_url), settings.commerce_api_token.get_secret_value()


def start(session: Session) -> OrderSyncRun:
    """Give the run that is under way, or a new one that is queued. Raises NotConfiguredError, QueueUnavailableError."""
    credentials()
    session.execute(select(func.pg_advisory_xact_lock(_START_LOCK)))
    under_way = select(OrderSyncRun).where(OrderSyncRun.status.in_(UNFINISHED)).order_by(OrderSyncRun.id)
    run = session.scalars(under_way).first()
    if run is None:
        run = OrderSyncRun()
        session.add(run)
        queue.submit(session, run)
    elif run.status != JobStatus.PENDING and not jobs.is_locked(session, run.job_id):
        # Its worker is dead. The same run goes on, from the stored cursor; that it is queued twice does no harm.
        queue.requeue(session, run)
    session.commit()
    return run


def cursor(session: Session) -> str | None:
    """Give where the next page starts; None is the very first order."""
    return session.scalar(select(SyncCursor.cursor).where(SyncCursor.feed == FEED))


def current(session: Session) -> OrderSync:
    """Give how things stand."""
    last = session.scalars(select(OrderSyncRun).order_by(OrderSyncRun.id.desc()).limit(1)).first()
    return OrderSync(_state(last), cursor(session), last)


def _state(last: OrderSyncRun | None) -> State:
    if last is None:
        return "never_run"
    if last.status in UNFINISHED:
        return "running"
    return "ok" if last.status == JobStatus.COMPLETED else "failed"
