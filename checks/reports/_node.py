"""A JSON value and where it stands, read strictly: what is not as expected is refused by its JSON pointer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from typing import NoReturn, TypeVar

from checks.reports.text import clean

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

# Four hundred digits hold the exact sum of any scorecard we know, and refuse numbers that take time to reduce.
_FRACTION = re.compile(r"([0-9]{1,400})/([1-9][0-9]{0,399})")
# Whole numbers that every JSON reader holds exactly (RFC 8259, section 6).
_LARGEST = 2**53 - 1
# RFC 3339 in UTC.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)", re.ASCII)


class ScorecardFormatError(ValueError):
    """A document is not a scorecard. `pointer` says where (RFC 6901; the empty pointer is the whole document)."""

    def __init__(self, pointer: str, problem: str) -> None:
        super().__init__(clean(f"{pointer or 'the document'} {problem}", 400))
        self.pointer = pointer
        self.problem = problem


class Node:
    """A value in a document. Each method returns the value as one type, or raises ScorecardFormatError."""

    def __init__(self, value: object, pointer: str = "") -> None:
        self.value = value
        self.pointer = pointer

    def refuse(self, problem: str) -> NoReturn:
        """Raise ScorecardFormatError for this place."""
        raise ScorecardFormatError(self.pointer, problem)

    def __getitem__(self, name: str) -> Node:
        if not isinstance(self.value, dict):
            self.refuse("is not an object")
        if name not in self.value:
            raise ScorecardFormatError(_below(self.pointer, name), "is missing")
        return Node(self.value[name], _below(self.pointer, name))

    def text(self) -> str:
        """Return a string."""
        if not isinstance(self.value, str):
            self.refuse("is not text")
        return self.value

    def integer(self) -> int:
        """Return a whole number from 0."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value <= _LARGEST:
            self.refuse("is not a whole number from 0")
        return self.value

    def line(self) -> int:
        """Return a line number, from 1."""
        number = self.integer()
        return number or self.refuse("is not a line number from 1")

    def number(self) -> float:
        """Return a finite number from 0."""
        value = self.value
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1e15:
            self.refuse("is not a number from 0")
        return float(value)

    def boolean(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.refuse("is not true or false")
        return self.value

    def fraction(self) -> Fraction:
        """Return an exact number from 0, written n/d in lowest terms."""
        found = _FRACTION.fullmatch(self.text())
        if found is None:
            self.refuse("is not an exact number like 3/4")
        numerator, denominator = int(found[1]), int(found[2])
        if math.gcd(numerator, denominator) != 1 or str(numerator) != found[1]:
            self.refuse("is not in lowest terms")
        if numerator > _LARGEST * denominator:
            self.refuse("is too large")
        return Fraction(numerator, denominator)

    def time(self) -> str:
        """Return an RFC 3339 time in UTC."""
        text = self.text()
        return text if _TIME.fullmatch(text) else self.refuse("is not an RFC 3339 time in UTC")

    def choice(self, kind: type[E]) -> E:
        """Return a member of an enumeration by its value."""
        text = self.text()
        if text not in {member.value for member in kind}:
            self.refuse(f"is not one of {', '.join(kind)}")
        return kind(text)

    def each(self, read: Callable[[Node], T]) -> tuple[T, ...]:
        """Return what `read` makes of each item of an array."""
        if not isinstance(self.value, list):
            self.refuse("is not an array")
        return tuple(read(Node(item, f"{self.pointer}/{index}")) for index, item in enumerate(self.value))

    def optional(self, read: Callable[[Node], T]) -> T | None:
        """Return None for null, else what `read` makes of this."""
        return None if self.value is None else read(self)


def first_difference(data: object, expected: object, pointer: str = "") -> ScorecardFormatError | None:
    """Return the error for the first place where `data` is not `expected`, or None when they are the same.

    Walks only where `expected` has something, so its depth is that of a scorecard whatever `data` holds.
    """
    if isinstance(expected, dict) and isinstance(data, dict):
        for name in data:
            if name not in expected:
                return ScorecardFormatError(_below(pointer, str(name)), "is not part of a scorecard")
        for name, value in expected.items():
            if name not in data:
                return ScorecardFormatError(_below(pointer, name), "is missing")
            if found := first_difference(data[name], value, _below(pointer, name)):
                return found
        return None
    if isinstance(expected, list) and isinstance(data, list):
        pairs = enumerate(zip(data, expected, strict=True))
        return next((f for i, (a, b) in pairs if (f := first_difference(a, b, f"{pointer}/{i}"))), None)
    if isinstance(data, bool) != isinstance(expected, bool) or data != expected:
        return ScorecardFormatError(pointer, f"contradicts the exact figures, which give {expected}")
    return None


def _below(pointer: str, name: str) -> str:
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
