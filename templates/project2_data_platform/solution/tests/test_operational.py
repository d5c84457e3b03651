"""SQLAlchemy's view of the operational tables equals what Django's migrations made."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, String
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import SchemaItem

from data_platform.operational import OperationalBase


def differences(session: Session, metadata: MetaData) -> list[object]:
    def is_mapped(item: SchemaItem, name: str | None, kind: str, reflected: bool, _other: SchemaItem | None) -> bool:
        if kind == "table":
            return name in metadata.tables
        # An index is Django's own business: a mapping that doesn't know it is not wrong.
        return kind != "index"

    context = MigrationContext.configure(
        session.connection(), opts={"include_object": is_mapped, "compare_type": True, "target_metadata": metadata}
    )
    return list(compare_metadata(context, metadata))


def test_the_mapping_equals_djangos_tables(session: Session) -> None:
    assert OperationalBase.metadata.tables.keys() == {
        "data_sources",
        "imports",
        "raw_chunks",
        "rejects",
        "order_sync_runs",
        "sync_cursors",
        "reports",
    }
    assert differences(session, OperationalBase.metadata) == []


@pytest.mark.parametrize(
    "change", [Column("colour", String(8)), Column("name", String(50)), Column("active", Integer, nullable=True)]
)
def test_a_mapping_that_differs_is_noticed(session: Session, change: Column[object]) -> None:
    metadata = MetaData()
    table = OperationalBase.metadata.tables["data_sources"].to_metadata(metadata)
    table.append_column(change, replace_existing=True)
    assert differences(session, metadata) != []
