"""A head start: while this process imports the rules, a second one already reads the repository.

Half of a static grading is importing and half is parsing, and neither waits for anything, so only a second processor
makes it shorter. The second process is a fork that collects evidence which needs the repository alone. What it could
not collect (it was refused, it crashed, there is no second processor) is collected later, in the ordinary way: nothing
about a verdict depends on it.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property

from checks.catalogue import collectors_in
from checks.engine import Collector
from checks.evidence import application, contracts, infrastructure, source, workflows
from checks.repository import Repository

# The evidence that takes longest, so that both processes have about the same to do.
_MODULES = (workflows, contracts, source, application, infrastructure)


class Ahead:
    """The second process: its evidence can be asked for once."""

    def __init__(self, process: int, pipe: int) -> None:
        self._process: int | None = process
        self._pipe = pipe

    @cached_property
    def kinds(self) -> frozenset[type]:
        """The types that it collects."""
        return frozenset(item.produces for item in _collectors())

    def evidence(self) -> dict[type, object]:
        """Wait for the process and return what it collected, by type; nothing when it failed."""
        with os.fdopen(os.dup(self._pipe), "rb") as stream:
            data = stream.read()
        ended = self._wait()
        # The bytes come from our own process through a pipe that nobody else has.
        return dict(pickle.loads(data)) if ended == 0 else {}  # noqa: S301

    def stop(self) -> None:
        """End the process if it still runs."""
        if self._process is not None:
            os.kill(self._process, signal.SIGKILL)
            self._wait()
        os.close(self._pipe)

    def _wait(self) -> int:
        assert self._process is not None  # noqa: S101 - asked once
        process, self._process = self._process, None
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@contextmanager
def reading_ahead(repository: Repository) -> Iterator[Ahead | None]:
    """Read the repository in a second process, where that is possible; it is gone with the block."""
    if not _possible():
        yield None
        return
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)  # or it would not notice when the first process is gone
        _read(repository, writing)
    os.close(writing)
    ahead = Ahead(process, reading)
    try:
        yield ahead
    finally:
        ahead.stop()


def _possible() -> bool:
    """Whether a fork is safe and gains something: macOS' libraries don't bear one, and neither do threads."""
    return sys.platform == "linux" and threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1


def _read(repository: Repository, pipe: int) -> None:
    """Collect, write the evidence into the pipe, and end this process without touching what it has of the first."""
    code = 1
    with suppress(BaseException):
        with os.fdopen(pipe, "wb") as stream:
            pickle.dump(_collected(repository), stream, pickle.HIGHEST_PROTOCOL)
        code = 0
    os._exit(code)


def _collected(repository: Repository) -> Mapping[type, object]:
    found: dict[type, object] = {}
    for item in _collectors():
        with suppress(Exception):  # the first process comes to the same and makes a verdict of it
            found[item.produces] = item.function(repository)
    return found


def _collectors() -> Iterator[Collector]:
    for module in _MODULES:
        for item in collectors_in(module):
            if item.needs == (Repository,):
                yield item
