"""Each booted application has a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from checks.acceptance import databases
from checks.model import NotMeasured
from tests.support.services import project2_environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with project2_environment(tmp_path_factory.mktemp("services")) as variables:
        yield variables["DATABASE_URL"]


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def names(server: str) -> set[object]:
    return {name for (name,) in rows(server, "select datname from pg_database")}


def test_an_empty_database_is_gone_at_the_end(server: str) -> None:
    with databases.empty("postgresql", server) as url:
        name = urlsplit(url).path.lstrip("/")
        rows(url, "create table t (n integer)")
        assert name in names(server)
    assert name not in names(server)


def test_a_copy_has_what_the_first_had_and_leaves_it_alone(server: str) -> None:
    with databases.empty("postgresql", server) as first:
        rows(first, "create table t (n integer)")
        rows(first, "insert into t values (1)")
        with databases.copied(server, first) as copy:
            rows(copy, "insert into t values (2)")
            assert rows(copy, "select n from t order by n") == [(1,), (2,)]
        assert rows(first, "select n from t") == [(1,)]


def test_a_database_in_use_cannot_be_copied(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "COPY_SECONDS", 0.2)
    with (
        databases.empty("postgresql", server) as first,
        psycopg.connect(first),
        pytest.raises(NotMeasured, match="can't be copied"),
        databases.copied(server, first),
    ):
        pass
