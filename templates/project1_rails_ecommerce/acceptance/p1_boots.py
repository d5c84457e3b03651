"""In the background: processes with a configuration that can't work, and a release that is run again."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from p1_accounts import Accounts

Env = dict[str, str | None]

MISSING = {"release": "DATABASE_URL", "web": "WEBHOOK_SECRET", "worker": "REDIS_URL"}
SHORT = "a-secret-of-only-31-characters."
# Of each process: what it is started with. Everything else is right.
WRONG: dict[str, dict[str, str]] = {
    "web": {"SECRET_KEY": SHORT, "DATABASE_URL": "mysql://grader-user:grader-password@127.0.0.1/grader-base",
            "LOG_LEVEL": "grader-loud"},
    "worker": {"WEBHOOK_SECRET": SHORT, "SERVICE_TOKEN": SHORT, "REDIS_URL": "http://127.0.0.1:6379/0?grader-redis",
               "DATABASE_URL": "postgresql://127.0.0.1:5432"},
}  # fmt: skip
CHECKED = ("SECRET_KEY", "WEBHOOK_SECRET", "SERVICE_TOKEN", "DATABASE_URL", "REDIS_URL", "LOG_LEVEL")
COLUMNS = """
    select table_name, column_name, data_type from information_schema.columns
    where table_schema = 'public' order by 1, 2
"""
USERS = "select id from users order by id"


class Released(NamedTuple):
    """How the release ended, and, before and after it, the columns and the users of before."""

    done: Any
    columns: tuple[Any, Any]
    users: tuple[Any, Any]


class Boots:
    """How each of them ended, by kind and process; two run at a time."""

    def __init__(self, app: Any, accounts: Accounts, launch: Any, limits: Any) -> None:
        self._app, self._accounts, self._launch = app, accounts, launch
        self._seconds = limits.refused_boot_seconds
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="boots")
        self.released_again: Future[Released] = self._pool.submit(self._release)
        cases: dict[tuple[str, str], Env] = {
            **{("missing", process): {variable: None} for process, variable in MISSING.items()},
            **{("wrong", process): dict(env) for process, env in WRONG.items()},
        }
        self.refused = {case: self._pool.submit(self._start, case[1], env) for case, env in cases.items()}

    def _release(self) -> Released:
        """Run the release once more, with a user in the database that must survive it."""
        self._accounts.insert()
        columns, users = self._app.sql(COLUMNS), self._app.sql(USERS)
        done = self._app.run(self._app.commands["release"], seconds=60, aside=True)
        there = set(self._app.sql(USERS))
        return Released(done, (columns, self._app.sql(COLUMNS)), (users, [user for user in users if user in there]))

    def _start(self, process: str, env: Env) -> Any:
        if process == "release":
            unset = "".join(f"unset {name}; " for name, value in env.items() if value is None)
            return self._app.run(unset + self._app.commands["release"], seconds=self._seconds, aside=True)
        with self._launch(process, env=env) as started:
            return started.wait(self._seconds)

    def close(self) -> None:
        """Wait for the end."""
        self._pool.shutdown()
