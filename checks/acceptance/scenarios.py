"""Reads what scenarios say of themselves, without importing them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scaffolder.errors import ScaffoldError

_FILE = re.compile(r"test_(m[1-9]\d*|[a-z][a-z0-9]*)_?.*\.py\Z")


class BrokenScenario(ScaffoldError):
    """A scenario file can't be used."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: its check id, the title and explanation of its docstring, and where it stands."""

    id: str
    title: str
    explanation: str
    path: Path
    line: int


def check_id(file: str, function: str) -> str | None:
    """Return the check id of a test function by the names of its file and itself; None when it is no scenario.

    ``test_m4_cleaning.py`` and ``test_known_rejects`` give ``acceptance.m4.known-rejects``.
    """
    match = _FILE.match(file)
    if match is None or not function.startswith("test_"):
        return None
    return f"acceptance.{match[1]}.{function.removeprefix('test_').replace('_', '-')}"


def read(folders: Iterable[Path]) -> tuple[Scenario, ...]:
    """Return the scenarios of all folders, in the order of the files and of the functions in them.

    Raises BrokenScenario when a file can't be parsed, a function has no docstring, or two have the same id.
    """
    found: dict[str, Scenario] = {}
    for folder in folders:
        for path in sorted(folder.glob("test_*.py"), key=place):
            for scenario in _read_file(path):
                if scenario.id in found:
                    other = found[scenario.id]
                    raise BrokenScenario(
                        f"{path}:{scenario.line}: {scenario.id} is defined in {other.path}:{other.line} already.",
                        "Rename one of the functions.",
                    )
                found[scenario.id] = scenario
    return tuple(found.values())


def refuse_namesakes(project: Path, more: Path) -> None:
    """Raise BrokenScenario when a file of `more` has the name of one of the project's: both go into one folder."""
    own = {path.name for path in project.iterdir()}
    for path in sorted(more.iterdir()):
        if path.name in own and path.name != "__pycache__":
            raise BrokenScenario(f"{path}: the project has a {path.name} too.", "Give yours another name.")


def place(path: Path) -> tuple[int, str]:
    """Return the place of a scenario file in the order of milestones; files of no milestone come last."""
    number = re.match(r"test_m(\d+)", path.name)
    return (int(number[1]) if number else 1_000, path.name)


def _read_file(path: Path) -> list[Scenario]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError, SyntaxError) as problem:
        raise BrokenScenario(f"{path} can't be read as Python: {problem}.", "Repair it there.") from problem
    result = []
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        id_ = check_id(path.name, node.name)
        if id_ is None:
            continue
        paragraphs = [" ".join(part.split()) for part in (ast.get_docstring(node) or "").split("\n\n")]
        if not paragraphs[0]:
            raise BrokenScenario(
                f"{path}:{node.lineno}: {node.name} has no docstring.", f"Its first line is the title of {id_}."
            )
        result.append(Scenario(id_, paragraphs[0].rstrip("."), "\n\n".join(paragraphs[1:]), path, node.lineno))
    return result
