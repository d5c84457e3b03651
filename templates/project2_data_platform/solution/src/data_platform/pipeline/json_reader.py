"""JSON files into raw rows: a list of objects, wherever in the document it is, read piece by piece."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from io import TextIOWrapper
from json import JSONDecodeError
from typing import IO, Any, NoReturn

from data_platform.pipeline.rows import COLUMNS, LONGEST_RECORD, Cell, RawRow, UnreadableFileError, as_json, column_name

_CHARACTERS = 65_536
_WHITE_SPACE = re.compile(r"[ \t\n\r]*")


def read_json(file: IO[bytes], *, records_path: str = "", encoding: str = "utf-8") -> Iterator[RawRow]:
    """Give each record with its number. Raises UnreadableFileError."""
    # A byte order mark is no part of the document.
    text = TextIOWrapper(file, encoding="utf-8-sig" if encoding == "utf-8" else encoding)
    document = _Document(text, encoding)
    try:
        for number, record in enumerate(_records(document, records_path.split(".") if records_path else []), start=1):
            yield record_row(number, record)
        document.expect_end()
    except RecursionError as error:
        raise UnreadableFileError(f"The file is nested too deeply at line {document.line()}.") from error
    finally:
        text.detach()  # the file belongs to the caller, who wants to know how far it was read


def record_row(number: int, record: Any) -> RawRow:
    """Give one JSON value as a row.

    It has no columns if it is no object, names a column twice, or holds a list or an object in one.
    """
    if not isinstance(record, dict):
        return RawRow(number, None, partial(_raw, number, record))
    by_name = {column_name(key): value for key, value in record.items()}
    cells = [by_name.get(name) for name in COLUMNS]
    if len(by_name) < len(record) or any(isinstance(cell, (list, dict)) for cell in cells):
        return RawRow(number, None, partial(_raw, number, record))
    return RawRow(number, [_cell(value) for value in cells], partial(_raw, number, record))


def _cell(value: Any) -> Cell:
    # To a bool, which is an int, nothing is done.
    return Decimal(value) if type(value) is int else value


def _raw(number: int, record: Any) -> str:
    try:
        return as_json(record)
    except RecursionError as error:
        raise UnreadableFileError(f"Record {number} is nested too deeply.") from error


def _records(document: "_Document", path: list[str]) -> Iterator[Any]:
    """Go down the path, give the records there, and read the rest, which may be broken."""
    if not path:
        yield from document.items()
        return
    found = False
    for key in document.names():
        if key != path[0]:
            document.skip()
        elif found:
            raise UnreadableFileError(f"The document has {key} twice.")
        else:
            found = True
            yield from _records(document, path[1:])
    if not found:
        raise UnreadableFileError(f"The file has no {path[0]}, where the records should be.")


class _Document:
    """A JSON text of which only the part at hand is in memory."""

    def __init__(self, text: TextIOWrapper, encoding: str) -> None:
        self._text = text
        self._encoding = encoding
        self._buffer = ""
        self._position = 0
        self._lines_gone = 0
        self._decoder = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal, parse_constant=self._no_constant)

    def items(self) -> Iterator[Any]:
        """Give the items of the list that begins here."""
        self._expect("[")
        yield from (self.value() for _ in self._separated("]"))

    def names(self) -> Iterator[str]:
        """Give the names in the object that begins here; after each, the caller reads its value."""
        self._expect("{")
        for _ in self._separated("}"):
            if self._peek() != '"':
                self._fail("a name was expected")
            key: str = self.value()
            if self._peek() != ":":
                self._fail("a colon was expected")
            self._position += 1
            yield key

    def skip(self) -> None:
        """Read one complete value without keeping it. Raises UnreadableFileError."""
        match self._peek():
            case "{":
                for _ in self.names():
                    self.skip()
            case "[":
                for _ in self._separated("]"):
                    self.skip()
            case _:
                self.value()

    def value(self) -> Any:
        """Read one complete value. Raises UnreadableFileError."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._position)
            except JSONDecodeError as error:
                if len(self._buffer) - self._position > LONGEST_RECORD:
                    self._fail(f"a value is broken or longer than {LONGEST_RECORD} characters")
                if self._read_more():
                    continue  # it was cut by the buffer, not by the sender
                self._fail(error.msg[0].lower() + error.msg[1:], error.pos)
            # A number at the very end of the buffer may go on.
            if end == len(self._buffer) and self._read_more():
                continue
            self._position = end
            return value

    def expect_end(self) -> None:
        """Make sure that nothing follows. Raises UnreadableFileError."""
        if self._peek():
            self._fail("the document should end")

    def _expect(self, opening: str) -> None:
        found = self._peek()
        if not found:
            raise UnreadableFileError("The file is empty.", "empty-file")
        if found != opening:
            kind = "list" if opening == "[" else "object"
            raise UnreadableFileError(f"The file has no {kind} at line {self.line()}, where one was expected.")

    def _separated(self, closing: str) -> Iterator[None]:
        """Stop before each item of a list or an object, and after the last."""
        self._position += 1
        if self._peek() == closing:
            self._position += 1
            return
        while True:
            yield
            following = self._peek()
            if following not in {",", closing} or following == "":
                self._fail("a comma was expected")
            self._position += 1
            if following == closing:
                return

    def _peek(self) -> str:
        """Go to the next character that is no white space and give it; empty at the end."""
        while True:
            match = _WHITE_SPACE.match(self._buffer, self._position)
            self._position = match.end() if match else self._position
            if self._position < len(self._buffer):
                return self._buffer[self._position]
            if not self._read_more():
                return ""

    def _read_more(self) -> bool:
        """Let go of what is done and read on, more the longer the value at hand is; tell whether there was more."""
        rest = len(self._buffer) - self._position
        try:
            more = self._text.read(max(_CHARACTERS, rest))
        except UnicodeDecodeError as error:
            raise UnreadableFileError(
                f"The file is not {self._encoding} text after line {self.line(len(self._buffer))}."
            ) from error
        self._lines_gone += self._buffer.count("\n", 0, self._position)
        self._buffer = self._buffer[self._position :] + more
        self._position = 0
        return bool(more)

    def line(self, position: int | None = None) -> int:
        """Give the line of a place in the buffer, or of the place that has been reached."""
        end = self._position if position is None else position
        return self._lines_gone + self._buffer.count("\n", 0, end) + 1

    def _fail(self, what: str, position: int | None = None) -> NoReturn:
        raise UnreadableFileError(f"The file is not valid JSON at line {self.line(position)}: {what}.")

    def _no_constant(self, name: str) -> NoReturn:
        self._fail(f"{name} is no JSON number")
