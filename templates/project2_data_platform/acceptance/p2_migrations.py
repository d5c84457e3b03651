"""Both migration tools, up and down on a database of their own."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import p2_schema
import psycopg

from checks.acceptance import parallel

# The line of the Procfile, whatever it is.
RELEASE = """eval "$(sed -n 's/^release:[[:space:]]*//p' Procfile)\""""


@dataclass
class Migrations:
    """What the commands said, and both schemas and their tables after each."""

    commands: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, set[str]] = field(default_factory=dict)


def start(app: Any) -> Future[Migrations]:
    """Migrate in a thread: each command starts anew, takes its time, and disturbs nobody on a database of its own."""
    found: Future[Migrations] = Future()

    def run() -> None:
        try:
            found.set_result(migrate(app))
        except BaseException as problem:  # noqa: BLE001 - it is the result, also where it says what blocks it
            found.set_exception(problem)

    threading.Thread(target=run, name="migrations", daemon=True).start()
    return found


def migrate(app: Any) -> Migrations:
    """Begin with what the release has made of an empty database; release again, go down to zero and up again."""
    found = Migrations()
    with app.fresh_database() as url, psycopg.connect(url, autocommit=True) as connection:

        def sql(query: str, **values: Any) -> list[tuple[Any, ...]]:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

        def step(name: str, **commands: tuple[str, str]) -> None:
            """Run commands (line, database) side by side; keep how they ended, and the tables afterwards."""
            lines = [
                partial(app.run, line, env={"DATABASE_URL": where}, aside=True) for line, where in commands.values()
            ]
            found.commands |= dict(zip(commands, parallel(lines), strict=True))
            found.schemas[name], found.tables[name] = p2_schema.everything(sql), p2_schema.tables(sql)

        step("up")
        step("again", again=(RELEASE, url))
        step("down", django=("python manage.py migrate sources zero", url), alembic=("alembic downgrade base", url))
        step("up again", up_again=(RELEASE, url))
    return found
