"""Sheets of XLSX files into raw rows, read row by row."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from data_platform.pipeline.rows import Cell, Header, RawRow, UnreadableFileError, as_json

# 20 MiB can unpack to 20 GiB. Sheets are read as a stream; the rest, such as the texts that cells share, is held in
# memory.
_MOST_HELD_BYTES = 64 * 2**20
_MOST_UNPACKED_BYTES = 2**30
_SHEETS = "xl/worksheets/"
# What a sheet can have; a file that claims more would keep the reader busy with empty rows for ever.
_MOST_ROWS = 2**20


def read_xlsx(file: IO[bytes], *, sheet: str | None = None) -> Iterator[RawRow]:
    """Give each record with its number. Raises UnreadableFileError."""
    header: Header | None = None
    number = 0
    for values in _values(file, sheet):
        cells = _without_empty_end(values)
        if not cells:
            continue
        if header is None:
            header = Header([str(_json_value(value)) if value is not None else "" for value in cells])
            continue
        number += 1
        width = len(header.spelled)
        if len(cells) > width:
            yield RawRow(number, None, partial(_raw_list, cells))
        else:
            filled = [*cells, *[None] * (width - len(cells))]
            yield RawRow(number, header.pick([_cell(value) for value in filled]), partial(_raw_row, header, filled))


def _values(file: IO[bytes], sheet: str | None) -> Iterator[Sequence[Any]]:
    import openpyxl  # noqa: PLC0415  (half a second, which only the worker needs, and only for these files)

    with _damage_is_told():
        _check_size(file)
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
    try:
        found = next((each for each in workbook.worksheets if sheet in {None, each.title}), None)
        if found is None:
            names = ", ".join(each.title for each in workbook.worksheets)
            raise UnreadableFileError(f"The file has no sheet {sheet}; its sheets are: {names}.")
        # What the file says of its own size may be wrong: then rows and columns would be lost.
        found.reset_dimensions()
        rows = found.iter_rows(values_only=True)
        for _ in range(_MOST_ROWS):
            with _damage_is_told():
                row = next(rows, None)
            if row is None:
                return
            yield row
        raise UnreadableFileError(f"The sheet has more than {_MOST_ROWS} rows.")
    finally:
        workbook.close()


@contextmanager
def _damage_is_told() -> Iterator[None]:
    """Turn whatever zip, XML and the sheet's library say to a damaged file into one error for a person."""
    try:
        yield
    except UnreadableFileError:
        raise
    except Exception as error:
        raise UnreadableFileError("The file is damaged or is no XLSX workbook.") from error


def _check_size(file: IO[bytes]) -> None:
    """Look at what the file unpacks to before it does. Raises UnreadableFileError, BadZipFile."""
    with ZipFile(file) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    held = sum(size for name, size in sizes.items() if not name.startswith(_SHEETS))
    if held > _MOST_HELD_BYTES or sum(sizes.values()) > _MOST_UNPACKED_BYTES:
        raise UnreadableFileError("The file unpacks to more than can be read; send it as CSV.")
    if "xl/workbook.xml" not in sizes:
        raise BadZipFile("no workbook")


def _without_empty_end(values: Sequence[Any]) -> Sequence[Any]:
    """Leave out the cells after the last one that holds something."""
    end = len(values)
    while end and (values[end - 1] is None or (isinstance(values[end - 1], str) and not values[end - 1].strip())):
        end -= 1
    return values[:end]


def _cell(value: Any) -> Cell:
    match value:
        case bool() | str() | None:
            return value
        case int():
            return Decimal(value)
        case float():
            # A sheet keeps binary fractions and shows 15 significant digits of them: those are meant.
            return Decimal(format(value, ".15g"))
        case _:
            return str(_json_value(value))


def _json_value(value: Any) -> object:
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case bool() | int() | float() | str() | None:
            return value
        case _:
            return str(value)


def _raw_row(header: Header, values: Sequence[Any]) -> str:
    return header.raw([_json_value(value) for value in values])


def _raw_list(values: Sequence[Any]) -> str:
    return as_json([_json_value(value) for value in values])
