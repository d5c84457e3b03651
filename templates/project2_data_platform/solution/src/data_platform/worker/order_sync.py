"""The pull of orders: page by page, each in one transaction with the cursor behind it."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AnyHttpUrl
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data_platform import order_sync
from data_platform.commerce import CommerceApi, CommerceError, Page, with_retries
from data_platform.jobs import ErrorCode, JobStatus
from data_platform.operational import DataSource, Import, OrderSyncRun, RawChunk, SyncCursor
from data_platform.order_sync import FEED
from data_platform.orders import rows, versions
from data_platform.pipeline.cleaning import Cleaner
from data_platform.pipeline.loading import load, prepare, stage
from data_platform.pipeline.readers import record_row
from data_platform.sources import SourceType
from data_platform.worker import stopping
from data_platform.worker.running import JobFailedError, advance

SOURCE = "commerce"
# An order of this moment must not be "in the future" because the shop's clock is a little ahead of ours.
_CLOCKS_DIFFER = timedelta(minutes=1)


class CursorMovedError(Exception):
    """Someone else has stored the page at hand. It must not be stored twice."""


def sync(session: Session, run: OrderSyncRun) -> None:
    """Pull every page from the stored cursor on. Raises JobFailedError, and StoppingError between pages."""
    try:
        url, token = order_sync.credentials()
    except order_sync.NotConfiguredError as error:
        raise JobFailedError(ErrorCode.UPSTREAM_UNAVAILABLE, str(error)) from error
    source = _source(session, url)
    api = CommerceApi(url, token)
    for page, cursor in _pages(session, api):
        _store(session, run, source, page, cursor)
        source.last_sync_at = func.statement_timestamp()
        advance(session, run, 100 - 100 // (run.pages + 1))


def _pages(session: Session, api: CommerceApi) -> Iterator[tuple[Page, str | None]]:
    """Give each page with the cursor that it was asked for by. No transaction is open while the shop thinks."""
    has_more = True
    while has_more:
        stopping.check()
        cursor = order_sync.cursor(session)
        session.commit()
        try:
            page = with_retries(lambda: api.page(cursor), stopping.wait)  # noqa: B023  (called at once)
        except CommerceError as error:
            raise JobFailedError(ErrorCode.UPSTREAM_UNAVAILABLE, str(error)) from error
        yield page, cursor
        has_more = page.has_more


def _source(session: Session, url: str) -> DataSource:
    """Give the data source that the orders belong to. The first run creates it."""
    shop = AnyHttpUrl(url)
    # Without user and password, should the address have them: a source holds no credentials.
    address = AnyHttpUrl.build(scheme=shop.scheme, host=shop.host or "", port=shop.port, path=(shop.path or "")[1:])
    values = {
        "name": SOURCE,
        "type": SourceType.API,
        "connection": {"url": str(address), "token_env": "COMMERCE_API_TOKEN"},
        "processing": {},
        "sync_frequency": "manual",
        "active": True,
    }
    session.execute(insert(DataSource).values(values).on_conflict_do_nothing(index_elements=["name"]))
    source = session.scalars(select(DataSource).where(DataSource.name == SOURCE)).one()
    if source.type != SourceType.API:
        message = f"The name {SOURCE} is taken by a data source of type {source.type}; give that one another name."
        raise JobFailedError(ErrorCode.INTERNAL, message)
    session.commit()
    return source


def _store(session: Session, run: OrderSyncRun, source: DataSource, page: Page, cursor: str | None) -> None:
    """Put a page where it belongs: raw, sales, rejects, counts and cursor. The caller commits all of it, or nothing."""
    if page.orders:
        record = _import(session, run, source, page)
        _load(session, record, page.orders)
        run.import_id = record.id
        run.records += record.records
        run.processed += record.processed
        run.rejected += record.rejected
    run.pages += 1
    run.orders += len(page.orders)
    _move(session, cursor, page.next_cursor)


def _import(session: Session, run: OrderSyncRun, source: DataSource, page: Page) -> Import:
    record = Import(
        source_id=source.id,
        file_name=f"orders-{run.job_id}-{run.pages + 1}.json",
        size=len(page.raw),
        sha256=sha256(page.raw).hexdigest(),
        request_id=run.request_id,
        started_at=func.statement_timestamp(),
        completed_at=func.statement_timestamp(),
        # It is seen by others only when it is: with the page's rows, and the cursor behind them.
        status=JobStatus.COMPLETED,
        progress=100,
        records=0,
        processed=0,
        rejected=0,
    )
    session.add(record)
    session.flush()
    session.add(RawChunk(import_id=record.id, number=0, content=page.raw))
    session.refresh(record)
    return record


def _load(session: Session, record: Import, orders: list[Any]) -> None:
    cleaner = Cleaner(ZoneInfo("UTC"), record.created_at + _CLOCKS_DIFFER)
    for version in versions(orders):
        staged = prepare(session)
        raw_rows = [record_row(number, row) for number, row in enumerate(rows(version), start=record.records + 1)]
        stage(session, staged, [(row, cleaner.clean(row)) for row in raw_rows])
        load(session, staged, record.id)
        record.records += staged.records
        record.processed += staged.sales
        record.rejected += staged.rejects


def _move(session: Session, cursor: str | None, next_cursor: str) -> None:
    if cursor is None:
        # Should there be one by now, its primary key refuses this.
        session.add(SyncCursor(feed=FEED, cursor=next_cursor))
        return
    moved = session.scalar(
        update(SyncCursor)
        .where(SyncCursor.feed == FEED, SyncCursor.cursor == cursor)
        .values(cursor=next_cursor)
        .returning(SyncCursor.cursor)
    )
    if moved is None:
        raise CursorMovedError(f"The cursor {cursor} is not the stored one any more.")
