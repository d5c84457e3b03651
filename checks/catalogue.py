"""Every check and every collector there is: those of this package, and those that other packages add.

A module in `checks.rules` adds a check by defining it; a module in `checks.evidence` adds a collector by defining a
function whose name starts with ``collect`` (``EXECUTES = True`` in the module says that it runs the repository's
code). Another package adds modules of either kind by the entry-point groups ``checks.rules`` and ``checks.evidence``.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from checks.engine import Collector, collector
from checks.model import Check


def _modules(package: str) -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not info.name.startswith("_"):
            yield importlib.import_module(f"{package}.{info.name}")
    if f"[{package}]" in _entry_points():
        from importlib.metadata import entry_points

        for point in entry_points(group=package):
            yield point.load()


@cache
def _entry_points() -> str:
    """Return what installed distributions declare, as it is written.

    A look at the files costs a tenth of importing `importlib.metadata`, and nearly nobody declares one of our groups.
    """
    files = (file for folder in sys.path for file in Path(folder).glob("*.*-info/entry_points.txt"))
    return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


@cache
def checks() -> dict[str, Check]:
    """Return every check by id, in the order of the ids.

    Raises ValueError when two modules define the same id.
    """
    found: dict[str, Check] = {}
    for module in _modules("checks.rules"):
        for value in vars(module).values():
            if isinstance(value, Check) and found.setdefault(value.id, value) is not value:
                raise ValueError(f"two checks are called {value.id}; the second is in {module.__name__}")
    return dict(sorted(found.items()))


@cache
def collectors() -> dict[type, Collector]:
    """Return every collector by the evidence type that it produces.

    Raises ValueError when two collectors produce the same type.
    """
    found: dict[type, Collector] = {}
    for module in _modules("checks.evidence"):
        for item in collectors_in(module):
            if found.setdefault(item.produces, item) is not item:
                raise ValueError(f"two collectors produce {item.produces.__name__}; one is in {module.__name__}")
    return found


def collectors_in(module: ModuleType) -> Iterator[Collector]:
    """Yield the collectors that a module defines."""
    for name, value in vars(module).items():
        if name.startswith("collect") and inspect.isfunction(value) and value.__module__ == module.__name__:
            yield collector(value, executes=getattr(module, "EXECUTES", False))
