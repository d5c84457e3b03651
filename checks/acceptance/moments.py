"""A database that takes its time over some rows, so that what happens at the same moment really meets.

A race that a fast machine wins by chance on every run is lost on the day that counts: who looks first and writes then
is caught only while somebody else is between the two. Triggers of the grader make that moment last. They change
nothing, and are gone at the end of the block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.acceptance.application import App

_PAUSE = """
    create or replace function grader_pause() returns trigger language plpgsql as $$
    begin
        perform pg_sleep(tg_argv[0]::float);
        return new;
    end $$
"""


@contextmanager
def slow_inserts(app: App, table: str, seconds: float = 0.3) -> Iterator[None]:
    """Let each new row of `table` take so long before it is there: who looks meanwhile sees that there is none yet.

    Where the application has no table of this name, nothing is slower than it was.
    """
    with _slow(app, "insert", table, seconds):
        yield


@contextmanager
def slow_updates(app: App, table: str, seconds: float = 0.3) -> Iterator[None]:
    """Let each change of a row of `table` take so long, while it is locked: who only reads it sees it as it was.

    Where the application has no table of this name, nothing is slower than it was.
    """
    with _slow(app, "update", table, seconds):
        yield


@contextmanager
def _slow(app: App, event: str, table: str, seconds: float) -> Iterator[None]:
    if app.sql("select to_regclass(%(name)s)", name=f"public.{table}") == [(None,)]:
        yield
        return
    app.sql(_PAUSE)
    app.sql(
        f'create trigger grader_pause before {event} on public."{table}"'
        f" for each row execute function grader_pause('{seconds}')"
    )
    try:
        yield
    finally:
        app.sql(f'drop trigger if exists grader_pause on public."{table}"')
