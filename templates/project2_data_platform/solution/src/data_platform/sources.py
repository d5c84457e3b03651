"""Data sources, the domain: what kinds there are, and how they are stored. No web framework in here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data_platform.operational import DataSource


class SourceType(StrEnum):
    """What a source delivers."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"
    API = "api"


class SyncFrequency(StrEnum):
    """How often a source is synchronised."""

    MANUAL = "manual"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


class SourceNotFoundError(LookupError):
    """There is no data source with this id."""


class SourceInUseError(ValueError):
    """Something was imported from this data source, and what came in is never lost."""


class NameTakenError(ValueError):
    """Another data source has this name."""


@dataclass(frozen=True)
class SourcePage:
    """Some of the sources, and how many there are in all."""

    items: Sequence[DataSource]
    total: int


def list_sources(
    session: Session, *, page: int, per_page: int, source_type: SourceType | None = None, active: bool | None = None
) -> SourcePage:
    """Give one page of the sources, by name."""
    wanted = select(DataSource)
    if source_type is not None:
        wanted = wanted.where(DataSource.type == source_type)
    if active is not None:
        wanted = wanted.where(DataSource.active == active)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    # The id makes the order total, should names ever stop being unique: a page must not repeat a row.
    rows = session.scalars(
        wanted.order_by(DataSource.name, DataSource.id).limit(per_page).offset((page - 1) * per_page)
    ).all()
    return SourcePage(rows, total)


def get_source(session: Session, source_id: int) -> DataSource:
    """Give the source with this id. Raises SourceNotFoundError."""
    source = session.get(DataSource, source_id)
    if source is None:
        raise SourceNotFoundError(f"There is no data source {source_id}.")
    return source


def create_source(session: Session, values: Mapping[str, Any]) -> DataSource:
    """Store a new source. Raises NameTakenError."""
    source = DataSource(**values)
    session.add(source)
    _commit(session)
    return source


def update_source(session: Session, source_id: int, changes: Mapping[str, Any]) -> DataSource:
    """Change the given fields. Raises SourceNotFoundError, NameTakenError."""
    source = get_source(session, source_id)
    for field, value in changes.items():
        setattr(source, field, value)
    if changes.keys() & {"active", "sync_frequency"}:
        source.next_sync_at = None  # the schedule makes it anew, if it is in there at all
    _commit(session)
    return source


def delete_source(session: Session, source_id: int) -> None:
    """Delete a source. Raises SourceNotFoundError, SourceInUseError."""
    source = get_source(session, source_id)
    # Django's foreign keys wait for the end of the transaction. This one must answer now.
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.delete(source)
    try:
        session.flush()
    except IntegrityError as error:
        session.rollback()
        raise SourceInUseError("Something was imported from this source; set it to inactive instead.") from error
    session.commit()


def _commit(session: Session) -> None:
    # The database decides whether a name is free. A SELECT before the INSERT would let two requests at once through.
    try:
        session.commit()
    except IntegrityError as error:
        session.rollback()
        if isinstance(error.orig, UniqueViolation) and error.orig.diag.constraint_name == "data_sources_name_unique":
            raise NameTakenError("The name is taken.") from error
        raise
