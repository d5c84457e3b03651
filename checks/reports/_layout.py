"""Paragraphs and columns of styled text: all that the terminal report needs of a layout.

A block gives its lines for a width in cells; a line is a list of spans, a span a text with its style ("bold green").
Importing and asking a general library for this took a seventh of a static grading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

Span = tuple[str, str]
Line = list[Span]

# Select Graphic Rendition, ECMA-48 8.3.117. Only the colours of the user's own theme: they are readable on whatever
# background that theme has.
_CODES = {"bold": 1, "dim": 2, "underline": 4, "red": 31, "green": 32, "yellow": 33, "magenta": 35, "cyan": 36}
_WORD = re.compile(r"\s*\S+\s*")
_UNBOUNDED = 1 << 20


class Block(Protocol):
    """Something that is drawn in as many lines as it takes."""

    def lines(self, width: int) -> list[Line]:
        """Return the lines for a width of at least 1; none is wider."""


class Text:
    """A paragraph of spans, wrapped at spaces, too long words folded; `cut` keeps it on one line with an ellipsis."""

    def __init__(self, text: str = "", style: str = "", *, cut: bool = False) -> None:
        self._spans: Line = [(text, style)]
        self._cut = cut

    def append(self, text: str, style: str = "") -> Text:
        """Add a span and return the paragraph itself."""
        self._spans.append((text, style))
        return self

    def lines(self, width: int) -> list[Line]:
        """Return the lines for a width; one empty line for an empty text."""
        if self._cut:
            return [cut(self._spans, width)]
        whole = "".join(text for text, _ in self._spans)
        if cells(whole) <= width:
            return [self._spans]
        return [list(_part(self._spans, start, end)) for start, end in _ranges(whole, width)]


class Stack:
    """Blocks below each other, `indent` cells from the left."""

    def __init__(self, *blocks: Block, indent: int = 0) -> None:
        self._blocks = blocks
        self._margin: Line = [(" " * indent, "")]

    def lines(self, width: int) -> list[Line]:
        """Return the lines of all blocks."""
        inner = max(1, width - len(self._margin[0][0]))
        return [self._margin + line for block in self._blocks for line in block.lines(inner)]


class Column:
    """A column: its title, whether it is aligned to the right, and its share of the width that others leave.

    Without a share (0) it is as wide as its widest cell.
    """

    def __init__(self, title: str = "", *, share: int = 0, right: bool = False) -> None:
        self.title = title
        self.share = share
        self.right = right


class Table:
    """Rows of blocks in columns, `gap` cells apart; with titles, they stand dim above a line."""

    def __init__(self, *columns: Column, gap: int = 2) -> None:
        self._columns = columns
        self._gap = gap
        self._rows: list[tuple[Block, ...]] = []

    def add(self, *cells: Block) -> None:
        """Add a row: one block for each column."""
        self._rows.append(cells)

    def lines(self, width: int) -> list[Line]:
        """Return the lines of the titles, if there are any, and of all rows."""
        rows, titled = self._rows, any(column.title for column in self._columns)
        if titled:
            rows = [tuple(Text(column.title, "dim", cut=True) for column in self._columns), *rows]
        widths = self._widths(rows, width)
        drawn = [self._row(row, widths) for row in rows]
        if titled:
            drawn.insert(1, [[("─" * width, "")]])
        return [line for row in drawn for line in row]

    def _widths(self, rows: list[tuple[Block, ...]], width: int) -> list[int]:
        natural = [
            0
            if column.share
            else max((_cells_of(line) for row in rows for line in row[n].lines(_UNBOUNDED)), default=0)
            for n, column in enumerate(self._columns)
        ]
        left = width - sum(natural) - self._gap * (len(self._columns) - 1)
        shares = sum(column.share for column in self._columns)
        widths = []
        for column, own in zip(self._columns, natural, strict=True):
            part = left * column.share // shares if column.share else own
            widths.append(max(1, part))
            left, shares = left - (part if column.share else 0), shares - column.share
        return widths

    def _row(self, row: tuple[Block, ...], widths: list[int]) -> list[Line]:
        columns = [block.lines(width) for block, width in zip(row, widths, strict=True)]
        gap = (" " * self._gap, "")
        drawn = []
        for n in range(max(len(lines) for lines in columns)):
            line: Line = []
            for column, lines, width in zip(self._columns, columns, widths, strict=True):
                cell = lines[n] if n < len(lines) else []
                space = (" " * (width - _cells_of(cell)), "")
                line += [space, *cell, gap] if column.right else [*cell, space, gap]
            drawn.append(line[:-1])
        return drawn


def printed(block: Block, width: int, *, color: bool) -> str:
    """Return a block with a margin of two cells at both sides and a line above, ending with a newline."""
    drawn = Stack(Text(), block, indent=2).lines(width - 2)
    # Only figures that no project has are wider than their column: then the line is cut rather than wrapped.
    return "".join(f"{_drawn(cut(line, width - 2), color)}\n" for line in drawn)


def _drawn(line: Line, color: bool) -> str:
    if not color:
        return "".join(text for text, _ in line).rstrip()
    return "".join(
        f"\x1b[{';'.join(str(_CODES[word]) for word in style.split())}m{text}\x1b[0m" if style and text else text
        for text, style in line
    ).rstrip()


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


@lru_cache(maxsize=4096)
def _cell(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cells_of(line: Line) -> int:
    return sum(cells(text) for text, _ in line)


def cut(line: Line, width: int) -> Line:
    """Return a line that is no wider than `width`; one that loses something ends with an ellipsis."""
    if _cells_of(line) <= width:
        return line
    kept: Line = []
    left = width - 1
    for text, style in line:
        end = 0
        while end < len(text) and _cell(text[end]) <= left:
            left -= _cell(text[end])
            end += 1
        if end < len(text):
            return [*kept, (f"{text[:end].rstrip()}…", style)]
        kept.append((text, style))
    return kept


def _ranges(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield where each line of a wrapped text starts and ends, the spaces at its end left out."""
    start = used = 0
    for word in _WORD.finditer(text):
        if used and used + cells(word[0].rstrip()) > width:
            yield start, word.start()
            start, used = word.start(), 0
        for at in range(word.start(), word.end()):
            size = _cell(text[at])
            if used + size > width and not text[at].isspace():
                yield start, at
                start, used = at, 0
            used += size
    yield start, len(text)


def _part(spans: Line, start: int, end: int) -> Iterator[Span]:
    """Yield the spans of the text from `start` to `end`, without the space at its end."""
    text = "".join(part for part, _ in spans)
    end = start + len(text[start:end].rstrip())
    for part, style in spans:
        if start < len(part) and end > 0:
            yield part[max(0, start) : end], style
        start, end = start - len(part), end - len(part)
