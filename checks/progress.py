"""Says on standard error what is being done, while it is being done."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from checks.engine import Progress


def _silent(_label: str, _done: bool) -> None:
    """Say nothing: the reader asked for quiet."""


@contextmanager
def reporting(*, quiet: bool = False, verbose: bool = False) -> Iterator[Progress]:
    """Yield a progress callback: a live line on a terminal, and elsewhere a line for each step when `verbose`."""
    if quiet or not (sys.stderr.isatty() or verbose):
        yield _silent
    elif sys.stderr.isatty() and not verbose:
        with _live() as callback:
            yield callback
    else:
        lock = threading.Lock()

        def line(label: str, done: bool) -> None:
            if not done:
                with lock:
                    sys.stderr.write(f"{label} …\n")
                    sys.stderr.flush()

        yield line


@contextmanager
def _live() -> Iterator[Progress]:
    from rich.console import Console

    running: list[str] = []
    lock = threading.Lock()
    with Console(stderr=True).status("Reading the repository …") as status:

        def update(label: str, done: bool) -> None:
            with lock:
                if not done:
                    running.append(label)
                elif label in running:
                    running.remove(label)
                if running:
                    status.update(f"{running[-1]} …")

        yield update
