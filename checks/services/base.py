"""Throwaway databases for a test run: which are needed, where they come from, and how they start and end.

The order is that of decision 0004: a URL that the grader was given, a server installed on the machine, a server that
comes as a wheel. Servers listen on free ports of 127.0.0.1, keep their files in a temporary folder, and end with the
grading however that ends.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from checks.model import NotMeasured
from checks.repository import FileTooLarge, Repository
from checks.sandbox import Running
from checks.services.ports import free_port
from checks.session import Session

START_SECONDS = 20.0  # until a server must answer
PORT_ATTEMPTS = 3  # a free port can be taken by somebody else before the server has it


class Service(NamedTuple):
    """A database that tests may use: its kind, the variable that names its URL, the URL, and where it comes from."""

    name: str
    variable: str
    url: str
    origin: str


class Server(NamedTuple):
    """A started server and its URL."""

    running: Running
    url: str


class Provider(Protocol):
    """One kind of database."""

    name: str
    variable: str
    hint: str

    def find(self) -> str | None:
        """Say which server would be started, or None when there is none."""

    def start(self, folder: Path, session: Session) -> Server:
        """Start it with its files in `folder` and return once it answers; raises NotMeasured when it does not."""


def providers() -> dict[str, Provider]:
    """Return every kind of database by name."""
    from checks.services.mongodb import MongoDB
    from checks.services.postgresql import PostgreSQL
    from checks.services.redis import Redis

    return {p.name: p for p in (PostgreSQL(), Redis(), MongoDB())}


_HINTS: Mapping[str, frozenset[str]] = {
    "postgresql": frozenset({"psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "pg8000", "pg"}),
    "redis": frozenset({"redis", "valkey", "django-redis", "ioredis", "bullmq", "sidekiq", "rq", "celery"}),
    "mongodb": frozenset({"pymongo", "motor", "mongoengine", "beanie", "mongoid", "mongoose", "mongodb"}),
}  # fmt: skip
_MANIFESTS = re.compile(
    r"(?:^|/)(?:requirements[^/]*\.txt|requirements/[^/]+\.txt|pyproject\.toml|Gemfile|package\.json)$"
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


def needed(repository: Repository, declared: Iterable[str]) -> tuple[str, ...]:
    """Return the services that the tests need: those the project declares, else those whose drivers it depends on."""
    known = tuple(name for name in declared if name in _HINTS)
    if known:
        return known
    words: set[str] = set()
    for entry in repository.entries:
        if _MANIFESTS.search(entry.path) and not entry.symlink:
            try:
                words.update(w.lower() for w in _NAME.findall(repository.read_text(entry.path)))
            except (OSError, FileTooLarge):
                continue  # a manifest that can't be read is the installer's to report
    return tuple(name for name, drivers in _HINTS.items() if words & drivers)


@contextmanager
def started(
    names: Iterable[str], session: Session, given: Mapping[str, str] | None = None
) -> Iterator[tuple[Service, ...]]:
    """Make the named services available, started in parallel, and end them afterwards.

    `given` (default: the grader's environment) may hold a URL for a service, which is then used as it is.
    Raises NotMeasured, naming what to install, when one can't be had.
    """
    given = os.environ if given is None else given
    known = providers()
    wanted = [known[name] for name in names]
    ready = {p.name: Service(p.name, p.variable, given[p.variable], "given") for p in wanted if given.get(p.variable)}
    missing = [p for p in wanted if p.name not in ready]
    with ExitStack() as stack:
        origins = {p.name: _origin(p) for p in missing}
        if missing:
            pool = stack.enter_context(ThreadPoolExecutor(len(missing), thread_name_prefix="services"))
            futures = [(p, pool.submit(_start, p, session, stack.callback)) for p in missing]
            for provider, future in futures:
                server = future.result()
                ready[provider.name] = Service(provider.name, provider.variable, server.url, origins[provider.name])
        for service in ready.values():
            session.note(f"{service.name}: {_described(service.origin)}")
        yield tuple(ready[p.name] for p in wanted)


def _described(origin: str) -> str:
    return "the server that was given by URL, used as it is" if origin == "given" else f"throwaway server, {origin}"


def _origin(provider: Provider) -> str:
    origin = provider.find()
    if origin is None:
        raise NotMeasured(f"the tests need {provider.name}: set {provider.variable}, or {provider.hint}")
    return origin


def _start(provider: Provider, session: Session, at_end: Callable[..., object]) -> Server:
    # Not below session.work: a server that gives up root must be able to reach its folder.
    folder = Path(tempfile.mkdtemp(prefix=f"check-{provider.name}-"))
    at_end(shutil.rmtree, folder, ignore_errors=True)
    server = provider.start(folder, session)
    at_end(server.running.stop)
    return server


def await_ready(running: Running, answers: Callable[[], bool], what: str) -> bool:
    """Wait until the server answers; False when it ended because its port was taken.

    Raises NotMeasured, with the server's last lines, when it ends otherwise or does not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    pause = 0.005
    while time.monotonic() < deadline:
        if answers():
            return True
        if running.ended:
            break
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    done = running.stop()
    log = (done.stdout + done.stderr).strip()
    if "in use" in log.lower():
        return False
    last = " | ".join(log.splitlines()[-4:]) or "it wrote nothing"
    raise NotMeasured(f"{what} did not start within {START_SECONDS:.0f} s: {last}")


def start_on_free_port(
    launch: Callable[[int], Running], answers: Callable[[int], bool], what: str
) -> tuple[Running, int]:
    """Start a server on a free port and return it with its port once it answers; tries again when the port is taken.

    Raises NotMeasured when it does not start.
    """
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        running = launch(port)
        try:
            if await_ready(running, lambda: answers(port), what):  # noqa: B023 - called within the round
                return running, port
        except BaseException:
            running.stop()
            raise
    raise NotMeasured(f"{what} found no free port in {PORT_ATTEMPTS} attempts")


def exchange(port: int, request: bytes) -> bytes:
    """Send bytes to a port of 127.0.0.1 and return the first bytes of the answer; empty when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(64)
    except OSError:
        return b""
