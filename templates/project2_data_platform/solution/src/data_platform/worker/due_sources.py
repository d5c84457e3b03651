"""Sources of type api, pulled when their time has come."""

import logging
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import and_, func, or_, select, true, update
from sqlalchemy.orm import Session

from data_platform import imports, order_sync
from data_platform.config import MissingTokenError, token_of_source
from data_platform.fetching import TooLargeError, TooSlowError, UnreachableError, fetch
from data_platform.observability.request_id import HEADER, current_request_id
from data_platform.operational import DataSource
from data_platform.queue import QueueUnavailableError
from data_platform.sources import SourceType, SyncFrequency
from data_platform.worker import stopping
from data_platform.worker.order_sync import SOURCE

REQUEST_SECONDS = 30.0  # for up to 20 MiB
INTERVALS = {
    SyncFrequency.HOURLY: timedelta(hours=1),
    SyncFrequency.DAILY: timedelta(days=1),
    SyncFrequency.WEEKLY: timedelta(weeks=1),
}
# A weekly source that fails, or whose worker dies, must not wait for a week.
RETRY = timedelta(minutes=15)

_log = logging.getLogger(__name__)


class PullError(Exception):
    """The source gave nothing that could be imported; says why."""


def pull_due(session: Session) -> None:
    """Pull each source that is due. What fails is logged and tried again; the others are pulled all the same."""
    _forget_the_unscheduled(session)
    while True:
        stopping.check()
        now = session.scalars(select(func.statement_timestamp())).one()
        source = _claim(session, now)
        if source is None:
            return
        try:
            _pull(session, source)
        except (PullError, order_sync.NotConfiguredError, QueueUnavailableError, MissingTokenError) as error:
            session.rollback()
            _log.warning("source %d could not be pulled: %s", source.id, error)
            continue
        source.next_sync_at = now + INTERVALS[SyncFrequency(source.sync_frequency)]
        session.commit()


def _claim(session: Session, now: datetime) -> DataSource | None:
    """Give a source that is due, after putting it off a little, so that no other worker takes it."""
    due = (
        select(DataSource)
        .where(
            DataSource.type == SourceType.API,
            DataSource.active == true(),
            DataSource.sync_frequency != SyncFrequency.MANUAL,
            or_(DataSource.next_sync_at.is_(None), DataSource.next_sync_at <= now),
        )
        .order_by(DataSource.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    source = session.scalar(due)
    if source is not None:
        source.next_sync_at = now + RETRY
    session.commit()
    return source


def _pull(session: Session, source: DataSource) -> None:
    if source.name == SOURCE:
        order_sync.start(session)
        return
    headers = {"Accept": "application/json", HEADER: current_request_id() or uuid4().hex}
    if "token_env" in source.connection:
        headers["Authorization"] = f"Bearer {token_of_source(source.connection['token_env'])}"
    try:
        answer = fetch(
            source.connection["url"],
            headers=headers,
            parameters={},
            seconds=REQUEST_SECONDS,
            most_bytes=imports.MOST_BYTES,
        )
    except TooSlowError as error:
        raise PullError(f"it did not answer within {REQUEST_SECONDS:g} seconds") from error
    except UnreachableError as error:
        raise PullError("it could not be reached, or broke off") from error
    except TooLargeError as error:
        raise PullError(f"it sent more than {imports.MOST_BYTES} bytes") from error
    if answer.status != 200:
        raise PullError(f"it answered {answer.status}")
    source.last_sync_at = func.statement_timestamp()
    imports.keep(session, source, "pulled.json", answer.body)


def _forget_the_unscheduled(session: Session) -> None:
    """Take the next time from sources that have none any more: those that became manual or inactive."""
    unscheduled = or_(DataSource.active != true(), DataSource.sync_frequency == SyncFrequency.MANUAL)
    session.execute(
        update(DataSource)
        .where(and_(DataSource.next_sync_at.is_not(None), unscheduled))
        .values(next_sync_at=None, updated_at=DataSource.updated_at)
    )
    session.commit()
