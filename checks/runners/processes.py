"""Boots an application from its Procfile and ends it, noting how each process started, spoke and stopped.

`release` runs first and must succeed; every other process gets a PORT of its own and must answer its readiness path.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from checks import sandbox
from checks.runners.base import BootFailed
from checks.sandbox import Box, Completed, Running
from checks.services.ports import free_port
from checks.session import Limits

READY_SECONDS = 60.0  # until every process must be ready
FLOOD_BYTES = 64 << 20  # of log before a process is ready
STOP_SECONDS = 10.0  # from SIGTERM to the end, as the runtime contract has it
LAST_LINES = 3  # of its log, as a process's last words
_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_FRAME = re.compile(r"""\s*(from\ )?/\S+:\d+:in\ | \s+at\ \S | \s+File\ " """, re.VERBOSE)  # Ruby, Node, Python
_COMPOUND = re.compile(r"[;&|<>`(){}\n]")


class Stopped(NamedTuple):
    """How a process ended after SIGTERM: exit code (negative for a signal), seconds it took, its whole log's ends."""

    exit: int | None
    seconds: float
    log: str

    @property
    def graceful(self) -> bool:
        """Whether it ended by itself, in time, with exit code 0."""
        return self.exit == 0 and self.seconds <= STOP_SECONDS

    @property
    def last_words(self) -> str:
        """The last lines of its log, without the frames of stack traces, which would crowd out what they are about."""
        lines = [line for line in self.log.splitlines() if line.strip() and not _FRAME.match(line)]
        return "\n".join(lines[-LAST_LINES:])


@dataclass(slots=True)
class Process:
    """A running process of the application; `ready` is how many seconds after its start it was seen to be ready."""

    name: str
    port: int
    running: Running
    launched: float = field(default_factory=time.monotonic)
    ready: float | None = None
    stopped: Stopped | None = None
    told: float | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        """Return the head and tail of what it wrote so far."""
        return self.running.output()

    def lines(self) -> list[str]:
        """Return the lines that it wrote to standard output so far; of long output those of the head and the tail."""
        return self.running.stdout.lines()

    def wait(self, seconds: float) -> Completed:
        """Wait for it to end by itself, at most `seconds`, then end it by force; return how it ended."""
        return self.running.wait(seconds)

    def stop(self, seconds: float = STOP_SECONDS) -> Stopped:
        """Send SIGTERM, wait at most `seconds`, then end it by force; return how it ended."""
        if self.stopped is None:
            told = self.tell()
            done = self.running.wait(seconds)
            self.stopped = Stopped(done.exit, time.monotonic() - told, done.stdout + done.stderr)
        return self.stopped

    def tell(self) -> float:
        """Send SIGTERM, once: a second one would catch a program that is already tidying up. Return when it was."""
        if self.told is None:
            self.told = time.monotonic()
            self.running.send(signal.SIGTERM)
        return self.told


@dataclass(slots=True)
class Application:
    """The booted application: its processes by name, and what the release phase wrote."""

    processes: dict[str, Process] = field(default_factory=dict)
    release: str = ""

    def __getitem__(self, name: str) -> Process:
        return self.processes[name]


def read_procfile(text: str) -> dict[str, str]:
    """Return the commands of a Procfile by process name, in its order."""
    found = (_LINE.match(line) for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {match[1]: match[2].strip() for match in found if match is not None}


def shell(command: str) -> list[str]:
    """Return the argument list for a Procfile command; a simple one replaces its shell, so that signals reach it."""
    if _COMPOUND.search(command) or command.startswith("exec "):
        return ["sh", "-c", command]
    return ["sh", "-c", f"exec env {command}" if _ASSIGNMENT.match(command) else f"exec {command}"]


@contextmanager
def boot(
    copy: Path,
    procfile: str,
    env: Mapping[str, str],
    ports: Mapping[str, int] | None = None,
    *,
    only: Collection[str] | None = None,
    silent: Collection[str] = (),
    release: bool = True,
    released: Callable[[], None] = lambda: None,
    ready: str = "/readyz",
    ready_seconds: float = READY_SECONDS,
    limits: Limits | None = None,
    box: Box | None = None,
) -> Iterator[Application]:
    """Boot the application in the folder `copy` from the text of its Procfile, and stop it at the end.

    `env` is the processes' whole environment (see `sandbox.environment`) to which PORT is added: from `ports`, else
    a free one. `only` names the processes to start (default: all), `silent` those that answer no HTTP. `released` is
    called between the release and the start of the first process; without `release` there is none.
    Raises BootFailed when `release` fails, or a process ends or is not ready in time.
    """
    commands = read_procfile(procfile)
    bounds = limits or Limits()
    application = Application()
    try:
        if (line := commands.pop("release", None)) is not None and release:
            done = sandbox.run(shell(line), cwd=copy, env=env, limits=bounds, seconds=ready_seconds, box=box)
            application.release = done.stdout + done.stderr
            if done.exit != 0:
                reason = "did not end in time" if done.timed_out else f"ended with exit code {done.exit}"
                raise BootFailed("release", reason, done.last_lines(12))
        released()
        chosen = {name: line for name, line in commands.items() if only is None or name in only}
        if not chosen:
            raise BootFailed("Procfile", "names no process to start", procfile[:500])
        for name, line in chosen.items():
            port = (ports or {}).get(name) or free_port()
            application.processes[name] = launch(name, line, copy, env, port, limits=bounds, box=box)
        await_ready(tuple(application.processes.values()), ready, ready_seconds, silent)
        yield application
    finally:
        for process in application.processes.values():  # all at once, so that they stop side by side
            process.tell()
        for process in application.processes.values():
            process.stop()


def launch(
    name: str,
    command: str,
    copy: Path,
    env: Mapping[str, str],
    port: int,
    *,
    limits: Limits | None = None,
    box: Box | None = None,
) -> Process:
    """Start one process from its Procfile command, with PORT added to `env`, and return at once."""
    running = sandbox.start(
        shell(command), cwd=copy, env={**env, "PORT": str(port)}, limits=limits or Limits(), box=box
    )
    return Process(name, port, running)


def await_ready(
    processes: Sequence[Process],
    path: str = "/readyz",
    seconds: float = READY_SECONDS,
    silent: Collection[str] = (),
) -> None:
    """Wait until every process that is not `silent` answers `path` with 200.

    Raises BootFailed when one ends meanwhile, floods its log, or is not ready within `seconds`.
    """
    started = time.monotonic()
    waiting = {p.name: p for p in processes if p.name not in silent}
    answers = dict.fromkeys(waiting, "nothing")
    while waiting:
        for name, process in list(waiting.items()):
            status = get_status(process.port, path)
            answers[name] = answers[name] if status is None else str(status)
            if status == 200:
                process.ready = process.ready or time.monotonic() - process.launched  # may be asked for again
                del waiting[name]
        for process in processes:
            if process.running.ended:
                done = process.running.stop()
                reason = f"ended with exit code {done.exit} before it was ready"
                raise BootFailed(process.name, reason, done.last_lines(12))
            if process.running.written > FLOOD_BYTES:
                reason = f"wrote more than {FLOOD_BYTES >> 20} MiB before it was ready"
                raise BootFailed(process.name, reason, _last(process))
        if waiting and time.monotonic() - started > seconds:
            name, process = next(iter(waiting.items()))
            reason = f"was not ready within {seconds:g} s ({path} answered {answers[name]})"
            raise BootFailed(name, reason, _last(process))
        if waiting:
            time.sleep(0.05)


def _last(process: Process) -> str:
    return "\n".join(process.log().splitlines()[-12:])


def get_status(port: int, path: str) -> int | None:
    """Return the status of a GET request to 127.0.0.1, or None when nobody answers."""
    import http.client  # a static grading never comes here

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
