"""The migrations of both owners.

TODO(m2.5): run every migration up and down on an empty database.
"""

from io import StringIO

import alembic.command
import alembic.config
import pytest
from django.core.management import call_command
from sqlalchemy import inspect
from sqlalchemy.orm import Session


def test_the_warehouse_has_a_schema_with_alembics_version_in_it(session: Session) -> None:
    inspector = inspect(session.connection())
    assert "warehouse" in inspector.get_schema_names()
    assert inspector.has_table("alembic_version", schema="warehouse")
    assert not inspector.has_table("alembic_version", schema="public")


def test_the_warehouse_goes_down_to_nothing_and_up_again(
    django_db_setup: None, alembic_config: alembic.config.Config
) -> None:
    alembic.command.downgrade(alembic_config, "base")
    alembic.command.upgrade(alembic_config, "head")
    alembic.command.check(alembic_config)


@pytest.mark.django_db
def test_no_django_model_lacks_its_migration() -> None:
    output = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=output)
    assert "No changes detected" in output.getvalue()
