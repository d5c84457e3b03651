"""CSV files into raw rows."""

import csv
import sys
from collections.abc import Iterator
from functools import partial
from typing import IO

from data_platform.pipeline.rows import LONGEST_RECORD, Header, RawRow, UnreadableFileError, as_json

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A cell may be as long as the file: too long for its column is a reject, not a failure.
csv.field_size_limit(sys.maxsize)


def read_csv(file: IO[bytes], *, delimiter: str = ",", encoding: str = "utf-8") -> Iterator[RawRow]:
    """Give each record with its number. Raises UnreadableFileError."""
    reader = csv.reader(_lines(file, encoding), delimiter=delimiter, strict=True)
    header: Header | None = None
    number = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = Header(cells)
                continue
            number += 1
            if len(cells) == len(header.spelled):
                yield RawRow(number, header.pick(cells), partial(header.raw, cells))
            else:
                yield RawRow(number, None, partial(as_json, cells))
    except csv.Error as error:
        raise UnreadableFileError(f"The file is not valid CSV at line {reader.line_num}: {error}.") from error


def _lines(file: IO[bytes], encoding: str) -> Iterator[str]:
    """Decode line by line, so that a wrong byte is known by its line. Every encoding of ours leaves line ends alone."""
    number = 0
    for part in file:
        if number == 0 and encoding.startswith("utf-8"):
            part = part.removeprefix(_BYTE_ORDER_MARK)  # noqa: PLW2901
        for line in part.splitlines(keepends=True):  # a lone carriage return ends a line, too
            number += 1
            yield _decoded(line, encoding, number)


def _decoded(line: bytes, encoding: str, number: int) -> str:
    if len(line) > LONGEST_RECORD:
        raise UnreadableFileError(f"Line {number} is longer than {LONGEST_RECORD} bytes.")
    try:
        return line.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"Line {number} is not {encoding} text.") from error
