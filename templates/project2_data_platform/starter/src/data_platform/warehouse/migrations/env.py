"""Alembic's entry: migrates schema `warehouse` of the database in DATABASE_URL."""

from alembic import context
from sqlalchemy import create_engine, text

from data_platform.config import get_settings
from data_platform.database import sqlalchemy_url
from data_platform.warehouse.models import SCHEMA, WarehouseBase


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Keep autogenerate out of Django's tables."""
    return kind != "schema" or name == SCHEMA


def run() -> None:
    """Run the migrations that the command asked for, in one transaction."""
    engine = create_engine(sqlalchemy_url(get_settings()))
    with engine.begin() as connection:
        # Alembic writes its version into this schema before the first migration could create it.
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        context.configure(
            connection=connection,
            target_metadata=WarehouseBase.metadata,
            version_table_schema=SCHEMA,
            include_schemas=True,
            include_name=_is_ours,
        )
        context.run_migrations()
    engine.dispose()


run()
