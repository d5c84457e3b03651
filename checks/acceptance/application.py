"""The application under test: booted from its Procfile, with a database of its own, and handled from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from checks import sandbox
from checks.acceptance import Mismatch, databases
from checks.acceptance.orders import Orders
from checks.acceptance.proxy import Proxy
from checks.acceptance.statements import Statements
from checks.model import NotMeasured
from checks.runners import processes
from checks.runners.base import BootFailed
from checks.runners.processes import Process, Stopped
from checks.services.ports import free_port
from checks.session import Limits

SAMPLE_SECONDS = 0.05
NICE = 5  # of what runs beside the first application, which somebody waits for: a third of its share of a processor
_MISSING = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName)


@dataclass(slots=True)
class Memory:
    """The resident memory of a process and its descendants while it was watched, in bytes."""

    before: int
    peak: int = 0


class Replaced(NamedTuple):
    """How a process ended when it was told to, and the one in its place, which is ready."""

    stopped: Stopped
    process: Process


@dataclass(slots=True)
class App:
    """A booted application. Every method takes a process by its name in the Procfile.

    `in_hand` are the processes that somebody stops or replaces just now, or has stopped for good: nobody else starts
    them.
    """

    env: Mapping[str, str]
    booted: processes.Application
    _folder: Path
    _commands: Mapping[str, str]
    _box: sandbox.Box | None
    _proxies: Mapping[str, Proxy]
    _urls: Mapping[str, str]
    _stack: ExitStack
    _statements: Statements
    _limits: Limits
    released: str | None = None  # the URL of a copy of the PostgreSQL database as the release left it
    _past: dict[str, str] = field(default_factory=dict)
    in_hand: set[str] = field(default_factory=set)
    _connection: psycopg.Connection[Any] | None = None

    def __getitem__(self, name: str) -> Process:
        return self.booted[name]

    @property
    def commands(self) -> Mapping[str, str]:
        """The command lines of the Procfile, by process; `release` is one of them."""
        return self._commands

    def url(self, name: str) -> str:
        """Return its base URL."""
        return self.booted[name].url

    def running(self, name: str) -> bool:
        """Return whether it runs."""
        return not self.booted[name].running.ended

    def log(self, name: str) -> str:
        """Return what it wrote since the application was booted; of long output head and tail."""
        return self._past.get(name, "") + self.booted[name].log()

    def logs(self, name: str) -> list[str]:
        """Return the lines that it wrote to standard output since it was last started."""
        return self.booted[name].lines()

    def kill(self, name: str) -> None:
        """End it and everything that it started with SIGKILL."""
        self.booted[name].running.stop()

    def terminate(self, name: str) -> Stopped:
        """Send it SIGTERM and return how it ended."""
        return self.booted[name].stop()

    def start(self, name: str, env: Mapping[str, str] | None = None, *, ready: bool = True) -> Process:
        """Start it again, on its port, and wait until it is ready.

        Raises BootFailed when it does not get ready.
        """
        before = self.booted[name]
        before.running.stop()
        self._past[name] = self.log(name)
        process = self._launch(name, before.port, env)
        self.booted.processes[name] = process
        if ready:
            processes.await_ready([process])
        return process

    def await_ready(self, name: str) -> None:
        """Wait until it is ready: for a start that nobody has waited for. Raises BootFailed when it never is."""
        processes.await_ready([self.booted[name]])

    def replace(self, name: str) -> Replaced:
        """Tell it to stop, and start another in its place. Raises BootFailed when that does not get ready."""
        self.in_hand.add(name)
        try:
            return Replaced(self.terminate(name), self.start(name))
        finally:
            self.in_hand.discard(name)

    @contextmanager
    def another(self, name: str, env: Mapping[str, str] | None = None, *, ready: bool = True) -> Iterator[Process]:
        """Start one more process of this kind, on a port of its own, and stop it at the end of the block."""
        process = self._launch(name, free_port(), env)
        try:
            if ready:
                processes.await_ready([process])
            yield process
        finally:
            process.stop()

    def _launch(self, name: str, port: int, env: Mapping[str, str] | None) -> Process:
        whole = {**self.env, **(env or {})}
        return processes.launch(
            name, self._commands[name], self._folder, whole, port, limits=self._limits, box=self._box
        )

    def run(
        self, command: str, env: Mapping[str, str] | None = None, seconds: float = 60, *, aside: bool = False
    ) -> sandbox.Completed:
        """Run a command line in the application's folder, with its environment, and return how it ended.

        One that runs `aside`, in a thread, steps back for what somebody waits for.
        """
        whole, limits = {**self.env, **(env or {})}, Limits(nice=NICE) if aside else self._limits
        return sandbox.run(
            ["sh", "-c", command], cwd=self._folder, env=whole, limits=limits, seconds=seconds, box=self._box
        )

    def sql(self, query: LiteralString, **values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query (``%(name)s`` for values) over a connection of the grader's own.

        Raises Mismatch when the database lacks a table or a column of the query: the documents name them.
        """
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._urls["postgresql"], autocommit=True)
            self._stack.callback(self._connection.close)
        try:
            cursor = self._connection.execute(query, values)
        except _MISSING as problem:
            what = str(problem).splitlines()[0]
            raise Mismatch("The database has the tables and columns that the documents name.", "it has", what) from None
        return cursor.fetchall() if cursor.description else []

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """Yield the URL of one more PostgreSQL database, as the release has left the application's own.

        Raises NotMeasured when it can't be made.
        """
        if self.released is None:
            raise NotMeasured("the application has no PostgreSQL database of which copies could be made")
        with databases.copied(self._urls["postgresql"], self.released) as url:
            yield url

    @property
    def redis(self) -> redis.Redis:
        """A client of the application's Redis database."""
        client = redis.Redis.from_url(self._urls["redis"])
        self._stack.callback(client.close)
        return client

    def rss(self, name: str) -> int:
        """Return its resident memory and that of everything that it started, in bytes."""
        return self.booted[name].running.resident()

    @contextmanager
    def watch_memory(self, name: str) -> Iterator[Memory]:
        """Sample its resident memory during the block; the peak is right at its end."""
        memory = Memory(self.rss(name))
        over = threading.Event()

        def sample() -> None:
            while not over.wait(SAMPLE_SECONDS):
                memory.peak = max(memory.peak, self.rss(name))

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield memory
        finally:
            over.set()
            thread.join()
            memory.peak = max(memory.peak, self.rss(name))

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Yield a list that grows with each statement that the application's processes send to PostgreSQL.

        Those that begin and end transactions or set and show parameters are left out. Raises NotMeasured when the
        connections are encrypted.
        """
        with self._statements.counted() as seen:
            yield seen

    @contextmanager
    def cut(self, service: str) -> Iterator[None]:
        """Make ``postgresql`` or ``redis`` unreachable for the application during the block."""
        self._proxies[service].cut()
        try:
            yield
        finally:
            self._proxies[service].restore()


def _through(proxy: Proxy, url: str) -> str:
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{proxy.port}"))


@contextmanager
def prepared(
    orders: Orders, env: Mapping[str, str | None], like: App | None = None, *, aside: bool = False
) -> Iterator[App]:
    """Yield an application that has its databases and its environment, and no process yet.

    `env` is added to the environment; None takes a variable out. The database is empty, or as that of `like` was after
    its release. The processes of one that runs `aside` step back for those of others.
    """
    folder = Path(orders.copy)
    with ExitStack() as stack:
        released = {"postgresql": like.released} if like is not None and like.released else {}
        urls = {
            name: stack.enter_context(
                databases.copied(url, released[name]) if name in released else databases.empty(name, url)
            )
            for name, url in orders.services.items()
        }
        proxies: dict[str, Proxy] = {}
        statements = Statements()
        for name, url in urls.items():
            parts = urlsplit(url)
            watch = statements.connection if name == "postgresql" else None
            proxies[name] = stack.enter_context(
                Proxy(parts.hostname or "127.0.0.1", parts.port or databases.PORTS[name], watch)
            )
        own: dict[str, str | None] = {
            **orders.environment,
            **{orders.variables[name]: _through(proxies[name], url) for name, url in urls.items()},
            **env,
        }
        box = None
        if orders.isolated:
            box = sandbox.Box(tuple(map(Path, orders.readable)), (folder, Path(orders.scratch)))
        commands = processes.read_procfile(_procfile(folder))
        whole = {name: value for name, value in own.items() if value is not None}
        limits = Limits(nice=NICE if aside else 0)
        yield App(whole, processes.Application(), folder, commands, box, proxies, urls, stack, statements, limits)


@contextmanager
def booted(
    orders: Orders,
    env: Mapping[str, str | None],
    only: Sequence[str] | None = None,
    like: App | None = None,
    released: Callable[[App], None] = lambda _app: None,
) -> Iterator[App]:
    """Yield the application, released and with all its processes (or `only` these) ready.

    A release takes as long as a boot, so an application that is `like` one that was released before begins with a copy
    of its database. `released` is given the application as soon as it has been released, before its processes start.
    Raises BootFailed when it does not get there.
    """
    with prepared(orders, env, like, aside=like is not None) as app:

        def keep() -> None:
            if "postgresql" in orders.services and set(orders.services) <= set(databases.PORTS):
                made = databases.copied(orders.services["postgresql"], app._urls["postgresql"])
                app.released = app._stack.enter_context(made)
            released(app)

        first = like is None or like.released is None
        with processes.boot(
            app._folder, _procfile(app._folder), app.env,
            only=only, release=first, released=keep if first else lambda: None, limits=app._limits, box=app._box,
        ) as application:  # fmt: skip
            app.booted = application
            try:
                yield app
            finally:
                # How they end is told by `terminate`, to who asks for it. Here nobody waits for it.
                for name in application.processes:
                    app.kill(name)


@contextmanager
def launched(orders: Orders, name: str, env: Mapping[str, str | None]) -> Iterator[Process]:
    """Yield a single process with the application's environment, as soon as it is started; nothing is released."""
    with prepared(orders, env, aside=True) as app, app.another(name, ready=False) as process:
        yield process


def _procfile(folder: Path) -> str:
    path = folder / "Procfile"
    if not path.is_file():
        raise BootFailed("Procfile", "is not there", "")
    return path.read_text(encoding="utf-8", errors="replace")
