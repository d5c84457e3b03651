"""Answers of the sync routes."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel

from data_platform.api.job_schemas import Counts
from data_platform.operational import OrderSyncRun
from data_platform.order_sync import OrderSync, State


class OrderSyncRunRead(BaseModel):
    """One run."""

    job_id: UUID
    status: Literal["pending", "processing", "completed", "failed"]
    pages: int
    orders: int
    counts: Counts
    error: str | None
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(cls, run: OrderSyncRun) -> Self:
        """Give a run as the contract shows it."""
        return cls(
            job_id=run.job_id,
            status=run.status,
            pages=run.pages,
            orders=run.orders,
            counts=Counts.model_validate(run),
            error=run.error,
            started_at=run.started_at,
            completed_at=run.completed_at,
        )


class OrderSyncRead(BaseModel):
    """How the synchronisation stands."""

    state: State
    cursor: str | None
    last_run: OrderSyncRunRead | None

    @classmethod
    def of(cls, current: OrderSync) -> Self:
        """Give the state as the contract shows it."""
        last = current.last_run
        return cls(
            state=current.state, cursor=current.cursor, last_run=None if last is None else OrderSyncRunRead.of(last)
        )
