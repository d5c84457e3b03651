"""The Procfile: which processes the application is made of, and how each starts."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from checks.repository import FileTooLarge, Repository

_LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)\Z")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


class Process(NamedTuple):
    """A named process: its command as written, its words (empty when the quotes do not close), and its line."""

    name: str
    command: str
    words: tuple[str, ...]
    line: int

    @property
    def program(self) -> tuple[str, ...]:
        """The words from the program on: `exec`, `env` and assignments in front of it are skipped."""
        words = list(self.words)
        while words and (words[0] in ("exec", "env") or _ASSIGNMENT.match(words[0])):
            words.pop(0)
        return tuple(words)


class Procfile(NamedTuple):
    """The Procfile in the root. `path` is None when there is none; `folders` and `paths` are what the tree holds."""

    path: str | None
    processes: tuple[Process, ...] = ()
    problems: tuple[tuple[int, str], ...] = ()
    paths: frozenset[str] = frozenset()

    def process(self, name: str) -> Process | None:
        """Return the process called `name`, if there is one."""
        return next((p for p in self.processes if p.name == name), None)


def parse(text: str, paths: frozenset[str] = frozenset()) -> Procfile:
    """Parse a Procfile: lines of `name: command`; comments and blank lines are left out."""
    processes: list[Process] = []
    problems: list[tuple[int, str]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            problems.append((number, "a line is `name: command`"))
            continue
        if any(p.name == match[1] for p in processes):
            problems.append((number, f"the process {match[1]} is there twice"))
            continue
        try:
            words = tuple(shlex.split(match[2]))
        except ValueError:
            words = ()
            problems.append((number, f"the quotes in the command of {match[1]} do not close"))
        processes.append(Process(match[1], match[2], words, number))
    return Procfile("Procfile", tuple(processes), tuple(problems), paths)


def collect(repository: Repository) -> Procfile:
    """Reading the Procfile."""
    if "Procfile" not in repository:
        return Procfile(None)
    try:
        return parse(repository.read_text("Procfile"), frozenset(repository.index))
    except (FileTooLarge, OSError):
        return Procfile("Procfile", (), ((1, "the file cannot be read, or is too large for a Procfile"),))
