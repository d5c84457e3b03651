"""Tables as PostgreSQL describes them."""

from collections.abc import Callable, Collection
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]

_COLUMNS = """
    select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and n.nspname in ('public', 'warehouse')
    order by n.nspname, c.relname, a.attname"""
_INDEXES = """
    select schemaname, tablename, indexdef from pg_indexes where schemaname in ('public', 'warehouse')
    order by schemaname, tablename, indexdef"""
_CONSTRAINTS = """
    select n.nspname, c.relname, pg_get_constraintdef(k.oid)
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'warehouse') order by 1, 2, 3"""
_UNIQUE = """
    select array_agg(a.attname::text order by a.attname) from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
    where i.indrelid = to_regclass(%(table)s) and i.indisunique and (i.indisprimary or not %(primary)s)
    group by i.indexrelid"""
_NEEDED = """
    select column_name, data_type from information_schema.columns
    where table_schema = %(schema)s and table_name = %(table)s and is_nullable = 'NO'
    and column_default is null and is_identity = 'NO'"""
_FILLERS = {"boolean": "false", "jsonb": "'{}'", "json": "'{}'", "uuid": "gen_random_uuid()", "bytea": "''",
            "character varying": "''", "text": "''", "character": "''", "date": "now()"}  # fmt: skip


def tables(sql: Query) -> set[str]:
    """Give the tables as `schema.table`, without those in which the migration tools keep their books."""
    own = ("django_migrations", "alembic_version")
    return {f"{schema}.{table}" for schema, table, *_ in sql(_COLUMNS) if table not in own}


def columns(sql: Query, schema: str, table: str) -> dict[str, tuple[str, bool]]:
    """Give the columns of a table: type as SQL spells it, and whether it is not null."""
    every = sql(_COLUMNS)
    return {name: (kind, needed) for where, whose, name, kind, needed in every if (where, whose) == (schema, table)}


def primary_key(sql: Query, table: str) -> set[str]:
    """Give the columns of a table's primary key."""
    return next((set(names) for (names,) in sql(_UNIQUE, table=table, primary=True)), set())


def unique_keys(sql: Query, table: str) -> list[set[str]]:
    """Give the sets of columns that are unique together."""
    return [set(names) for (names,) in sql(_UNIQUE, table=table, primary=False)]


def everything(sql: Query) -> dict[str, list[tuple[Any, ...]]]:
    """Give columns, indexes and constraints of both schemas, to be compared."""
    return {"columns": sql(_COLUMNS), "indexes": sql(_INDEXES), "constraints": sql(_CONSTRAINTS)}


def insert(sql: Query, table: str, **values: Any) -> int:
    """Store a row and give its id. Columns that must have a value, and that nobody documents, get an empty one."""
    needed = {name: kind for name, kind in sql(_NEEDED, schema="public", table=table) if name not in values}
    filled = {name: _filler(kind) for name, kind in needed.items() if name != "id"}
    names = ", ".join(f'"{name}"' for name in [*values, *filled])
    given = ", ".join([*(f"%({name})s" for name in values), *filled.values()])
    return int(sql(f"insert into {table} ({names}) values ({given}) returning id", **values)[0][0])


def _filler(kind: str) -> str:
    return _FILLERS.get(kind, "now()" if kind.startswith("timestamp") else "0")


def missing(have: Collection[str], wanted: Collection[str]) -> list[str]:
    """Give what is wanted and not there, in its order."""
    return [name for name in wanted if name not in have]


def raw_rows(sql: Query) -> dict[str, int]:
    """Count the rows of each table that could hold a file (it has a column of bytes), and the large objects."""
    holding = sql(
        "select distinct format('%%I.%%I', table_schema, table_name) from information_schema.columns"
        " where data_type = 'bytea' and table_schema in ('public', 'warehouse')"
    )
    found = {table: sql(f"select count(*) from {table}")[0][0] for (table,) in holding}
    return found | {"large objects": sql("select count(*) from pg_largeobject_metadata")[0][0]}
