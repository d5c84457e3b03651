"""The migrations of both owners."""

from io import StringIO

import alembic.command
import alembic.config
import pytest
from django.core.management import call_command
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from data_platform.database import get_engine


def test_the_warehouse_has_a_schema_with_alembics_version_in_it(session: Session) -> None:
    inspector = inspect(session.connection())
    assert "warehouse" in inspector.get_schema_names()
    assert inspector.has_table("alembic_version", schema="warehouse")
    assert not inspector.has_table("alembic_version", schema="public")


def tables(schema: str) -> dict[str, list[str]]:
    """Give each table with its columns, types, keys, constraints and indexes, as text."""
    with get_engine().connect() as connection:
        inspector = inspect(connection)
        return {
            table: sorted(
                [
                    *(f"{column['name']} {column['type']!r} {column['nullable']}" for column in columns),
                    *(f"unique {each['column_names']}" for each in inspector.get_unique_constraints(table, schema)),
                    *(f"index {each['column_names']}" for each in inspector.get_indexes(table, schema)),
                    *(f"check {each['sqltext']}" for each in inspector.get_check_constraints(table, schema)),
                    *(f"to {each['referred_table']}" for each in inspector.get_foreign_keys(table, schema)),
                    f"key {inspector.get_pk_constraint(table, schema)['constrained_columns']}",
                ]
            )
            for table in inspector.get_table_names(schema)
            for columns in [inspector.get_columns(table, schema)]
        }


def test_the_warehouse_goes_down_to_nothing_and_up_again(
    django_db_setup: None, alembic_config: alembic.config.Config
) -> None:
    before = tables("warehouse")
    alembic.command.downgrade(alembic_config, "base")
    emptied = tables("warehouse")
    alembic.command.upgrade(alembic_config, "head")
    assert emptied.keys() == {"alembic_version"}
    assert before.keys() == {
        "alembic_version",
        "sales",
        "customers",
        "products",
        "daily_sales_metrics",
        "customer_segments",
    }
    assert tables("warehouse") == before
    alembic.command.check(alembic_config)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("app", "names"),
    [
        ("sources", {"data_sources", "imports", "raw_chunks", "rejects", "order_sync_runs", "sync_cursors"}),
        ("reports", {"reports"}),
    ],
)
def test_djangos_tables_go_down_to_nothing_and_come_up_again(app: str, names: set[str]) -> None:
    before = tables("public")
    call_command("migrate", app, "zero", interactive=False, verbosity=0)
    emptied = tables("public")
    call_command("migrate", interactive=False, verbosity=0)
    assert before.keys() - emptied.keys() == names
    assert tables("public") == before


def test_the_warehouse_has_the_types_that_others_read(django_db_setup: None) -> None:
    found = tables("warehouse")
    assert "total NUMERIC(precision=14, scale=2) False" in found["sales"]
    assert "unit_price NUMERIC(precision=12, scale=2) False" in found["sales"]
    assert "sold_at TIMESTAMP(timezone=True) False" in found["sales"]
    assert "revenue NUMERIC(precision=18, scale=2) False" in found["daily_sales_metrics"]
    assert "key ['name', 'as_of']" in found["customer_segments"]
    assert not [line for lines in found.values() for line in lines if line.endswith("True")]


@pytest.mark.django_db
def test_no_django_model_lacks_its_migration() -> None:
    output = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=output)
    assert "No changes detected" in output.getvalue()
