"""Reads one TOML table key by key, strictly, with errors that name the file, the key and the repair."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffolder.errors import InvalidProject


class Table:
    """A TOML table whose keys are taken out one by one; what is left at `finish` was a mistake.

    Args:
        file: the file the table was read from, for the messages.
        where: the table's own name (`milestones[2].`), empty for the top level.
        values: what the TOML parser gave.
    """

    def __init__(self, file: Path, where: str, values: Mapping[str, Any]) -> None:
        self.file = file
        self.where = where
        self._values = dict(values)
        self._known: list[str] = []

    def error(self, key: str, problem: str, repair: str) -> InvalidProject:
        """An `InvalidProject` about this key, for the caller to raise."""
        return InvalidProject(f"{self.file}: {self.where}{key} {problem}.", repair)

    def _take(self, key: str, kind: type, kind_name: str, example: str, default: object) -> Any:
        self._known.append(key)
        if key not in self._values:
            if default is None:
                raise self.error(key, "is missing", f"Add `{key} = {example}`.")
            return default
        value = self._values.pop(key)
        # bool is an int to Python, but not to the author of a TOML file.
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.error(key, f"must be {kind_name}, not {value!r}", f"Write it as `{key} = {example}`.")
        return value

    def text(self, key: str, *, pattern: str = r"\S.*", default: str | None = None, example: str = '"…"') -> str:
        """A non-empty, single-line string that matches `pattern` as a whole."""
        value: str = self._take(key, str, "a string", example, default)
        if value != default and not re.fullmatch(pattern, value):
            raise self.error(key, f"is {value!r}", f"It must be one line that matches `{pattern}`, like {example}.")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """One of the allowed words."""
        value: str = self._take(key, str, "a string", f'"{allowed[0]}"', None)
        if value not in allowed:
            raise self.error(key, f"is {value!r}", f"Use one of: {', '.join(allowed)}.")
        return value

    def integer(self, key: str, *, least: int, most: int, default: int | None = None) -> int:
        """A whole number within bounds, both included."""
        value: int = self._take(key, int, "a whole number", str(least), default)
        if not least <= value <= most:
            raise self.error(key, f"is {value}", f"Use a whole number from {least} to {most}.")
        return value

    def texts(self, key: str, *, required: bool = True, allowed: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of distinct, non-empty strings; with `allowed`, only of these."""
        values: list[object] = self._take(key, list, "a list of strings", '["…"]', None if required else [])
        checked: list[str] = []
        for value in values:
            if not isinstance(value, str) or not value.strip():
                raise self.error(key, f"holds {value!r}", "Every entry must be a non-empty string.")
            if value in checked:
                raise self.error(key, f"names {value!r} twice", "Keep one of the two.")
            if allowed and value not in allowed:
                raise self.error(key, f"holds {value!r}", f"Known here: {', '.join(allowed)}.{closest(value, allowed)}")
            checked.append(value)
        return tuple(checked)

    def integers(self, key: str) -> tuple[int, ...]:
        """A non-empty, strictly rising list of positive whole numbers."""
        values: list[object] = self._take(key, list, "a list of whole numbers", "[1, 2]", None)
        numbers = tuple(value for value in values if isinstance(value, int) and not isinstance(value, bool))
        if not numbers or len(numbers) != len(values) or numbers[0] < 1 or list(numbers) != sorted(set(numbers)):
            raise self.error(key, f"is {values!r}", f"List rising whole numbers from 1 on, like `{key} = [1, 2]`.")
        return numbers

    def table(self, key: str) -> Table:
        """A sub-table; empty when the key is not there."""
        return Table(self.file, f"{self.where}{key}.", self._take(key, dict, "a table", "{ … }", {}))

    def tables(self, key: str, *, required: bool = True) -> list[Table]:
        """A list of tables."""
        values: list[object] = self._take(key, list, "a list of tables", "[ { … } ]", None if required else [])
        result: list[Table] = []
        for number, value in enumerate(values):
            if not isinstance(value, dict):
                raise self.error(f"{key}[{number}]", f"must be a table, not {value!r}", f"Write `[[{key}]]`.")
            result.append(Table(self.file, f"{self.where}{key}[{number}].", value))
        return result

    def numbers(self) -> dict[str, int | float | tuple[int | float, ...]]:
        """All keys that are left, as numbers or lists of numbers."""
        result: dict[str, int | float | tuple[int | float, ...]] = {}
        for key in list(self._values):
            value = self._values.pop(key)
            entries = value if isinstance(value, list) else [value]
            if not entries or any(isinstance(entry, bool) or not isinstance(entry, int | float) for entry in entries):
                raise self.error(key, f"must be a number or a list of numbers, not {value!r}", "Give the bare figure.")
            result[key] = tuple(entries) if isinstance(value, list) else value
        return result

    def finish(self) -> None:
        """Raise `InvalidProject` if a key is left that nobody asked for."""
        for key in self._values:
            raise self.error(key, "is not a known key", f"Remove it or correct its name.{closest(key, self._known)}")


def closest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """A sentence such as ` Did you mean 'project2'?`, or nothing when no known word is near."""
    import difflib

    near = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
