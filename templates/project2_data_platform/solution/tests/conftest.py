"""The world of the tests: a database of their own, and each test alone in it.

Every answer of the API in every test is held to docs/openapi.yaml, without the test saying so.
"""

import base64
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

for _variable in ("DATABASE_URL", "REDIS_URL"):
    if not os.environ.get(_variable):
        pytest.exit(f"{_variable} is not set; run bin/test, or set it", returncode=2)

# Before anything of the application is imported: it reads the environment once.
_given = urlsplit(os.environ["DATABASE_URL"])
_name = _given.path.lstrip("/").removesuffix("_test") + "_test"
_admin_url = urlunsplit(_given._replace(path="/postgres"))
os.environ["DATABASE_URL"] = urlunsplit(_given._replace(path=f"/{_name}"))
os.environ["DJANGO_SETTINGS_MODULE"] = "data_platform.admin.settings"
os.environ["SECRET_KEY"] = "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ["LOG_LEVEL"] = "INFO"
for _variable in ("FORCE_HTTPS", "GIT_COMMIT", "PORT"):
    os.environ.pop(_variable, None)

import alembic.command  # noqa: E402
import alembic.config  # noqa: E402
import django  # noqa: E402
import redis  # noqa: E402
from django.core.management import call_command  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from httpx2 import Response  # noqa: E402
from openapi_core.templating.paths.exceptions import OperationNotFound, PathNotFound  # noqa: E402
from pytest_django.plugin import DjangoDbBlocker  # noqa: E402
from sqlalchemy import text  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from data_platform import queue  # noqa: E402
from data_platform.api.app import create_app  # noqa: E402
from data_platform.database import get_engine, get_session  # noqa: E402
from data_platform.tokens import issue  # noqa: E402
from tests.contract import assert_conforms  # noqa: E402

django.setup()


@pytest.fixture(scope="session")
def alembic_config() -> alembic.config.Config:
    """Give Alembic's configuration, from pyproject.toml."""
    return alembic.config.Config(toml_file="pyproject.toml")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker, alembic_config: alembic.config.Config) -> Iterator[None]:
    """Make the test database anew, with the migrations of a release. Replaces pytest-django's fixture of this name."""
    try:
        connection = psycopg.connect(_admin_url, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        pytest.exit(f"PostgreSQL can't be reached; docker compose up -d postgres redis\n{error}", returncode=2)
    with connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_name)))
    with django_db_blocker.unblock():
        call_command("migrate", interactive=False, verbosity=0)
    alembic.command.upgrade(alembic_config, "head")
    yield
    get_engine().dispose()


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hash passwords in no time: to be slow is their protection, and nothing that a test is about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def session(django_db_setup: None) -> Iterator[Session]:
    """Give a session in which nothing lasts: what the code commits is rolled back after the test."""
    with get_engine().connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture
def client(session: Session) -> Iterator[TestClient]:
    """Give a client of the API whose requests share the test's session."""
    app = create_app()
    app.dependency_overrides[get_session] = lambda: session
    # Errors are answered by the application, as in production, not raised into the test.
    with TestClient(app, raise_server_exceptions=False, headers=authorization()) as client:
        client.event_hooks["response"].append(_hold_to_the_contract)
        yield client


def authorization() -> dict[str, str]:
    """Give the header of a user who may use the API."""
    return {"Authorization": f"Bearer {issue('1', 'admin', os.environ['SECRET_KEY'], datetime.now(UTC))}"}


def _hold_to_the_contract(response: Response) -> None:
    # Every answer in every test of the API is judged, without the test saying so.
    response.read()
    try:
        assert_conforms(response)
    except (PathNotFound, OperationNotFound):
        # What the contract doesn't have, the application must not have, either.
        assert response.status_code in {404, 405}


_ALL_TABLES = (
    "data_sources, imports, raw_chunks, rejects, order_sync_runs, sync_cursors, reports, warehouse.sales, "
    "warehouse.customers, warehouse.products, warehouse.daily_sales_metrics, warehouse.customer_segments"
)


@pytest.fixture
def lasting(django_db_setup: None) -> Iterator[Session]:
    """Give a session whose commits last until the end of the test, for code that opens connections of its own."""
    with Session(get_engine(), expire_on_commit=False) as session:
        yield session
        session.rollback()
        session.execute(text(f"TRUNCATE {_ALL_TABLES} RESTART IDENTITY"))
        session.commit()


@pytest.fixture
def messages(django_db_setup: None) -> Iterator[Callable[[], list[tuple[str, list[str], str | None]]]]:
    """Give a function that lists what waits in the queue, oldest first: task, arguments, request id."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.delete(queue.QUEUE)

        def waiting() -> list[tuple[str, list[str], str | None]]:
            found: list[bytes] = client.lrange(queue.QUEUE, 0, -1)
            envelopes = [json.loads(message) for message in reversed(found)]
            return [
                (
                    envelope["headers"]["task"],
                    json.loads(base64.b64decode(envelope["body"]))[0],
                    envelope["headers"]["request_id"],
                )
                for envelope in envelopes
            ]

        yield waiting
        client.delete(queue.QUEUE)


@pytest.fixture
def live_client(lasting: Session, messages: object) -> Iterator[TestClient]:
    """Give a client of the API as it is in production: each request has a session of its own, and its commits last."""
    with TestClient(create_app(), raise_server_exceptions=False, headers=authorization()) as client:
        client.event_hooks["response"].append(_hold_to_the_contract)
        yield client
