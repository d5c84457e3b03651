"""SQLAlchemy's view of the tables that Django owns. It creates nothing: tests/test_operational.py holds it to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, String, UniqueConstraint, func
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


# TODO(m2.2): map the tables of imports and rejects, and prove them the same way.
