"""Validated: rows into sales, or into rejects with every reason."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from data_platform.pipeline import values
from data_platform.pipeline.rows import COLUMNS, Cell, RawRow, storable
from data_platform.pipeline.values import Fault

# These five, from quantity to total, stand side by side.
_QUANTITY, _TOTAL = COLUMNS.index("quantity"), COLUMNS.index("total")


class Sale(NamedTuple):
    """A row that was taken: typed, clean, and adding up. Its fields are the columns of the warehouse."""

    transaction_id: str
    sold_at: datetime
    customer_id: str
    product_id: str
    product_name: str
    category: str
    region: str
    quantity: int
    unit_price: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    payment_method: str


class Reason(NamedTuple):
    """What is wrong with one column of a row, or with the row where `field` is None."""

    field: str | None
    code: str
    message: str


class Reject(NamedTuple):
    """A row that was not taken, as it came (JSON), with every reason in the order of the columns."""

    row_number: int
    raw: str
    reasons: list[Reason]


class Cleaner:
    """The rules of one file."""

    def __init__(self, timezone: ZoneInfo, not_after: datetime) -> None:
        """Take the zone of times without an offset, and the moment of the import: a later sale is in the future."""
        self._rules: tuple[Callable[[Cell], object], ...] = (
            partial(values.label, longest=64),
            partial(values.instant, timezone=timezone, not_after=not_after),
            partial(values.label, longest=64),
            partial(values.label, longest=64),
            partial(values.name, longest=200),
            values.group,
            values.group,
            values.quantity,
            values.price,
            values.extra,
            values.extra,
            partial(values.money, most=values.MOST_TOTAL),
            values.payment_method,
        )

    def clean(self, row: RawRow) -> Sale | Reject:
        """Give the sale that a row is, or why it is none. Whether its id was there before is not known here."""
        if row.cells is None:
            return _malformed(row, "has another number of cells than the header, or is no object of plain values")
        if not storable("".join([cell for cell in row.cells if isinstance(cell, str)])):
            return _malformed(row, "holds a character that is no text")
        # One value a column, in the order of COLUMNS: each is what its rule gives, or a Fault.
        found: list[Any] = [rule(cell) for rule, cell in zip(self._rules, row.cells, strict=True)]
        added_up = found[_QUANTITY : _TOTAL + 1]
        if not _has_fault(added_up):
            found[_TOTAL] = _reconciled(*added_up)
        if not _has_fault(found):
            return Sale._make(found)
        reasons = [
            Reason(column, value.code, value.message)
            for column, value in zip(COLUMNS, found, strict=True)
            if isinstance(value, Fault)
        ]
        return Reject(row.number, row.raw(), reasons)


def _has_fault(found: list[Any]) -> bool:
    return Fault in map(type, found)


def _reconciled(
    quantity: int, unit_price: Decimal, discount: Decimal, tax: Decimal, total: Decimal | None
) -> Decimal | Fault:
    """Give the total, computed where the row has none."""
    computed = quantity * unit_price - discount + tax
    if total is None:
        if not 0 <= computed <= values.MOST_TOTAL:
            return Fault("out-of-range", f"must be between 0 and {values.MOST_TOTAL}, comes to {computed}")
    elif total != computed:
        return Fault("does-not-add-up", f"quantity x unit_price - discount + tax is {computed}, was {total}")
    return computed


def _malformed(row: RawRow, message: str) -> Reject:
    return Reject(row.number, row.raw(), [Reason(None, "malformed-row", message)])


def duplicate(row: RawRow, transaction_id: str) -> Reject:
    """Give the reject for a row whose transaction id an earlier accepted row of the same file has."""
    message = f"an earlier row of this file has it, too: {transaction_id}"
    return Reject(row.number, row.raw(), [Reason("transaction_id", "duplicate", message)])
