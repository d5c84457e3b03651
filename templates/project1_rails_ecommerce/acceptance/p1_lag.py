"""A database that takes its time, so that what happens at the same moment really meets.

Races that a fast machine wins by chance on every run are lost on the day of the sale. Triggers of the grader make
moments last: they change nothing, and are gone at the end of the block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LAG = """
    create or replace function grader_lag() returns trigger language plpgsql as $$
    begin
        if random() < tg_argv[0]::float then perform pg_sleep(random() * tg_argv[1]::float); end if;
        return new;
    end $$
"""
TABLES = """
    select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
    and relname not in ('schema_migrations', 'ar_internal_metadata')
"""


@contextmanager
def slow_stock(app: Any, seconds: float = 0.03) -> Iterator[None]:
    """Let each change of a stock take up to so many seconds, during which the row is locked."""
    app.sql(LAG)
    app.sql(
        "create trigger grader_lag before update of stock_quantity on products"
        f" for each row execute function grader_lag('1', '{seconds}')"
    )
    try:
        yield
    finally:
        app.sql("drop trigger if exists grader_lag on products")


@contextmanager
def slow_commits(app: Any) -> Iterator[None]:
    """Let a few transactions hesitate at their commit, long enough to be overtaken: they end in another order."""
    app.sql(LAG)
    tables = [name for (name,) in app.sql(TABLES)]
    for name in tables:
        app.sql(
            f'create constraint trigger grader_lag after insert or update on public."{name}"'  # named by PostgreSQL
            " deferrable initially deferred for each row execute function grader_lag('0.03', '0.25')"
        )
    try:
        yield
    finally:
        for name in tables:
            app.sql(f'drop trigger if exists grader_lag on public."{name}"')
