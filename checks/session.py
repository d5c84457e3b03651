"""What one grading is allowed and where it may write: handed to the collectors that need it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from scaffolder.projects import Project


class Limits(NamedTuple):
    """Bounds on a command of the repository: wall time in seconds, memory in bytes, processes.

    `memory` bounds the resident memory of all its processes together (None: no bound). `nice`, from 0 to 19, is how far
    it steps back for others that want the processor (nice(2)).
    """

    seconds: float = 600
    install_seconds: float = 600
    memory: int | None = 4 << 30
    processes: int = 512
    nice: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """One grading: the project it grades for, its folders, and its limits.

    `work` is a temporary folder that vanishes with the grading, `cache` a folder that stays. `isolation` is ``auto``
    (the best there is), ``none`` or ``require`` (refuse to run code without isolation). `turn` is held by the collector
    that runs the repository's code: two at once would spoil each other's times. `scenarios` are the ids of the
    acceptance scenarios to run, `acceptance` a folder with more of them than the project's, `urls` the deployment to
    run them against (a URL by process; empty: the application is booted), `arguments` go to their pytest. `progress`
    is told what is being done within a collector, and when that is over.
    """

    project: Project
    work: Path
    cache: Path
    limits: Limits = field(default_factory=Limits)
    isolation: str = "auto"
    scenarios: tuple[str, ...] = ()
    acceptance: Path | None = None
    urls: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    progress: Callable[[str, bool], None] = lambda _label, _done: None
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _notes: list[str] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, text: str) -> None:
        """Record how something was measured, for the scorecard; the same note is kept once."""
        with self._lock:
            if text not in self._notes:
                self._notes.append(text)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noted so far, in order."""
        with self._lock:
            return tuple(self._notes)
