"""Rows take their time, and nothing is left of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from checks.acceptance import databases, moments
from tests.support.services import project2_environment

pytestmark = pytest.mark.slow


class App:
    """As much of an application as has a database."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)

    def sql(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(query, values or None)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with (
        project2_environment(tmp_path_factory.mktemp("services")) as variables,
        databases.empty("postgresql", variables["DATABASE_URL"]) as url,
    ):
        app = App(url)
        app.sql("create table names (name text unique)")
        yield app
        app.connection.close()


def seconds(app: Any, query: str) -> float:
    began = time.monotonic()
    app.sql(query)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("slow", "query"),
    [
        (moments.slow_inserts, "insert into names values (gen_random_uuid()::text)"),
        (moments.slow_updates, "update names set name = name"),
    ],
)
def test_rows_take_so_long_within_the_block_only(app: Any, slow: Any, query: str) -> None:
    app.sql("delete from names")
    app.sql("insert into names values ('one')")
    with slow(app, "names", 0.5):
        assert seconds(app, query) >= 0.5
    assert app.sql("select count(*) from pg_trigger where tgname = 'grader_pause'") == [(0,)]


def test_a_table_that_is_not_there_is_no_matter(app: Any) -> None:
    with moments.slow_inserts(app, "nothing"):
        assert app.sql("select 1") == [(1,)]
