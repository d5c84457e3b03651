"""The one type that every coverage format is read into: which lines of which file were executed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

SIZE_LIMIT = 256 << 20  # bytes of one coverage file


class LineHits(NamedTuple):
    """Executed lines by file, with paths as the report gives them (absolute or relative).

    `executable` holds, for formats that say so, every line that could have been executed; `problems` what could not
    be read.
    """

    executed: Mapping[str, frozenset[int]]
    executable: Mapping[str, frozenset[int]] = MappingProxyType({})
    problems: tuple[str, ...] = ()


def merge(parts: list[LineHits]) -> LineHits:
    """Return the union of several reports."""
    executed: dict[str, frozenset[int]] = {}
    executable: dict[str, frozenset[int]] = {}
    for part in parts:
        for path, lines in part.executed.items():
            executed[path] = executed.get(path, frozenset()) | lines
        for path, lines in part.executable.items():
            executable[path] = executable.get(path, frozenset()) | lines
    return LineHits(executed, executable, tuple(p for part in parts for p in part.problems))
