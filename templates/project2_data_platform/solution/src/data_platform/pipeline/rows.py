"""A raw row, wherever it came from, and why a file as a whole can't be read."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

COLUMNS = (
    "transaction_id",
    "date",
    "customer_id",
    "product_id",
    "product_name",
    "category",
    "region",
    "quantity",
    "unit_price",
    "discount",
    "tax",
    "total",
    "payment_method",
)
REQUIRED = frozenset(COLUMNS) - {"category", "region", "discount", "tax", "total"}
BATCH_ROWS = 2_000
# A line or a JSON value beyond this is no record of a sale, and would be held in memory as a whole.
LONGEST_RECORD = 2**20
# More digits than any figure of ours, fewer than PostgreSQL's numeric can hold.
_MOST_DIGITS = 300
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# Why a file can't be read, as the contract names it.
Fault = Literal["empty-file", "unreadable-file", "missing-columns"]
# What stands in a cell: text, a number, true or false, or nothing.
Cell = str | Decimal | bool | None


class RawRow(NamedTuple):
    """One record of a file. `cells` are in the order of COLUMNS; None where the record has no columns at all."""

    number: int
    cells: Sequence[Cell] | None
    raw: Callable[[], str]  # the record as it came, as JSON; made only for a reject


class Batch(NamedTuple):
    """Some rows that follow each other, and how much of the file has been read by now, from 0 to 1."""

    rows: list[RawRow]
    read: float


class UnreadableFileError(Exception):
    """The file as a whole can't be read; the message is for the person who sent it."""

    def __init__(self, message: str, code: Fault = "unreadable-file") -> None:
        super().__init__(message)
        self.code = code


@lru_cache(maxsize=1024)
def column_name(spelled: str) -> str:
    """Give the name that a header means: case, white space around it, blanks and hyphens don't matter."""
    return re.sub(r"[\s-]", "_", spelled.strip().lower())


def storable(text: str) -> bool:
    """Tell whether PostgreSQL can keep this text: it takes no U+0000 and no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


def as_json(value: object) -> str:
    """Give the JSON nearest to a value that came in, such that PostgreSQL can keep it."""
    match value:
        case str():
            return json.dumps(_UNSTORABLE.sub("\ufffd", value), ensure_ascii=False)
        case Decimal():
            small = value.is_finite() and abs(value.adjusted()) <= _MOST_DIGITS
            return str(value) if small else json.dumps(str(value))
        case list():
            return f"[{', '.join(map(as_json, value))}]"
        case dict():
            return f"{{{', '.join(f'{as_json(str(key))}: {as_json(item)}' for key, item in value.items())}}}"
        case _:
            return json.dumps(value)


class Header:
    """Where in a row of cells each column stands, for files that begin with a line of names."""

    def __init__(self, spelled: Sequence[str]) -> None:
        """Read the names. Raises UnreadableFileError."""
        self.spelled = spelled
        names = [column_name(name) for name in spelled]
        for name in names:
            if name and names.count(name) > 1:
                raise UnreadableFileError(f"The header names the column {name} twice.")
        missing = [name for name in COLUMNS if name in REQUIRED and name not in names]
        if missing:
            raise UnreadableFileError(f"The file has no column {', '.join(missing)}.", "missing-columns")
        self._places = [names.index(name) if name in names else None for name in COLUMNS]

    def pick(self, cells: Sequence[Cell]) -> list[Cell]:
        """Give the cells in the order of COLUMNS; a column that the file doesn't have is empty."""
        return [None if place is None else cells[place] for place in self._places]

    def raw(self, cells: Sequence[object]) -> str:
        """Give the row as JSON, by the names as the header spells them."""
        return as_json(dict(zip(self.spelled, cells, strict=True)))


def batches(rows: Iterator[RawRow], read: Callable[[], float]) -> Iterator[Batch]:
    """Put rows together, so that memory depends on the batch and not on the file."""
    batch: list[RawRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield Batch(batch, read())
            batch = []
    if batch:
        yield Batch(batch, read())
