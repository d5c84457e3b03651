"""SQLAlchemy's view of the tables that Django owns. It creates nothing: tests/test_operational.py holds it to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class OperationalBase(DeclarativeBase):
    """Tables in schema `public`, made by Django's migrations."""


class DataSource(OperationalBase):
    """Where data comes from."""

    __tablename__ = "data_sources"
    __table_args__ = (UniqueConstraint("name", name="data_sources_name_unique"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    type: Mapped[str] = mapped_column(String(8))
    connection: Mapped[dict[str, Any]] = mapped_column(JSONB)
    processing: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sync_frequency: Mapped[str] = mapped_column(String(8))
    active: Mapped[bool]
    last_sync_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    next_sync_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.statement_timestamp())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.statement_timestamp(), onupdate=func.statement_timestamp()
    )


def _to(column: str) -> ForeignKey:
    # As Django makes them: checked at the end of the transaction.
    return ForeignKey(column, deferrable=True, initially="DEFERRED")


class JobColumns:
    """What the tables of all long work have in common."""

    job_id: Mapped[UUID] = mapped_column(Uuid, default=uuid4)
    status: Mapped[str] = mapped_column(String(10), server_default="pending")
    progress: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    records: Mapped[int] = mapped_column(Integer, server_default="0")
    processed: Mapped[int] = mapped_column(Integer, server_default="0")
    rejected: Mapped[int] = mapped_column(Integer, server_default="0")
    error_code: Mapped[str | None] = mapped_column(String(20))
    error: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    queued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.statement_timestamp())
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.statement_timestamp())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Import(JobColumns, OperationalBase):
    """A file that came in, or the orders of one synchronisation, and what became of it."""

    __tablename__ = "imports"
    __table_args__ = (UniqueConstraint("job_id", name="imports_job_id_key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source_id: Mapped[int] = mapped_column(BigInteger, _to("data_sources.id"))
    file_name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))


class RawChunk(OperationalBase):
    """A piece of a file as it came; all of them, in order, are the file."""

    __tablename__ = "raw_chunks"
    __table_args__ = (UniqueConstraint("import_id", "number", name="raw_chunks_number_unique"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    import_id: Mapped[int] = mapped_column(BigInteger, _to("imports.id"))
    number: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Reject(OperationalBase):
    """A row that was not taken, as it came, with every reason."""

    __tablename__ = "rejects"
    __table_args__ = (UniqueConstraint("import_id", "row_number", name="rejects_row_unique"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    import_id: Mapped[int] = mapped_column(BigInteger, _to("imports.id"))
    row_number: Mapped[int] = mapped_column(Integer)
    raw: Mapped[Any] = mapped_column(JSONB)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class OrderSyncRun(JobColumns, OperationalBase):
    """One pull of orders from the commerce API. Its counts are order lines, which become sales."""

    __tablename__ = "order_sync_runs"
    __table_args__ = (UniqueConstraint("job_id", name="order_sync_runs_job_id_key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    import_id: Mapped[int | None] = mapped_column(BigInteger, _to("imports.id"))
    pages: Mapped[int] = mapped_column(Integer, server_default="0")
    orders: Mapped[int] = mapped_column(Integer, server_default="0")


class SyncCursor(OperationalBase):
    """Where the next synchronisation of a feed starts."""

    __tablename__ = "sync_cursors"

    feed: Mapped[str] = mapped_column(String(40), primary_key=True)
    cursor: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.statement_timestamp(), onupdate=func.statement_timestamp()
    )


class Report(JobColumns, OperationalBase):
    """Figures over a range of days, computed once and then the same for ever."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("job_id", name="reports_job_id_key"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    title: Mapped[str] = mapped_column(String(120))
    start: Mapped[date] = mapped_column(Date)
    end: Mapped[date] = mapped_column(Date)
    timezone: Mapped[str] = mapped_column(String(64))
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
