"""A file with 40 known defects: one for each rule of m4, and rows with several. What must come of it stands beside it.

Which row is which is decided anew in each run, and so are all ids and amounts.
"""

import random
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from p2_files import COLUMNS, csv_file, json_file, sales, tag, xlsx_file
from p2_rules import Reasons, stored

GOOD_ROWS = 60
NUMBERS = ("quantity", "unit_price", "discount", "tax", "total")
# The header as this sender spells it, with a column that nobody asked for.
SPELLED = {
    "transaction_id": "Transaction ID",
    "date": "Date",
    "customer_id": "Customer-ID",
    "product_id": "product_id",
    "product_name": "Product Name",
    "category": "CATEGORY",
    "region": "Region",
    "quantity": "Quantity",
    "unit_price": "Unit-Price",
    "discount": "Discount",
    "tax": "Tax",
    "total": "Total",
    "payment_method": "Payment Method",
}
REMARK = "Remark"
_PLAIN = re.compile(r"-?\d+(\.\d+)?")


def _future() -> str:
    return str((datetime.now(UTC) + timedelta(days=2)).date())


# Group, what is changed in a good row, and the reasons. The group is the part of the check that it counts for.
_DEFECTS: tuple[tuple[str, dict[str, Any], Reasons], ...] = (
    ("identifiers", {"transaction_id": "  "}, [("transaction_id", "missing")]),
    ("identifiers", {"transaction_id": "T" * 65}, [("transaction_id", "too-long")]),
    ("identifiers", {"customer_id": ""}, [("customer_id", "missing")]),
    ("identifiers", {"customer_id": "C" * 65}, [("customer_id", "too-long")]),
    ("identifiers", {"product_id": "\t"}, [("product_id", "missing")]),
    ("identifiers", {"product_id": "P" * 65}, [("product_id", "too-long")]),
    ("date", {"date": ""}, [("date", "missing")]),
    ("date", {"date": "2026-02-30"}, [("date", "not-a-date")]),
    ("date", {"date": _future}, [("date", "in-the-future")]),
    ("texts", {"product_name": "\u00a0 "}, [("product_name", "missing")]),
    ("texts", {"product_name": "n" * 201}, [("product_name", "too-long")]),
    ("texts", {"category": "c" * 101}, [("category", "too-long")]),
    ("texts", {"region": "r" * 101}, [("region", "too-long")]),
    ("quantity", {"quantity": ""}, [("quantity", "missing")]),
    ("quantity", {"quantity": "three"}, [("quantity", "not-a-number")]),
    ("quantity", {"quantity": "2.5"}, [("quantity", "not-an-integer")]),
    ("quantity", {"quantity": "0"}, [("quantity", "out-of-range")]),
    ("quantity", {"quantity": "1000001"}, [("quantity", "out-of-range")]),
    ("unit-price", {"unit_price": "1.234,50"}, [("unit_price", "not-a-number")]),
    ("unit-price", {"unit_price": "12.505"}, [("unit_price", "too-precise")]),
    ("unit-price", {"unit_price": "-0.01"}, [("unit_price", "out-of-range")]),
    ("unit-price", {"unit_price": "10000000.00"}, [("unit_price", "out-of-range")]),
    ("discount-and-tax", {"discount": "none"}, [("discount", "not-a-number")]),
    ("discount-and-tax", {"discount": "0.001"}, [("discount", "too-precise")]),
    ("discount-and-tax", {"discount": "-1.00"}, [("discount", "out-of-range")]),
    ("discount-and-tax", {"tax": "Infinity"}, [("tax", "not-a-number")]),
    ("discount-and-tax", {"tax": "10000000.00"}, [("tax", "out-of-range")]),
    ("total", {"total": "about 20"}, [("total", "not-a-number")]),
    ("total", {"total": "19.999"}, [("total", "too-precise")]),
    ("total", {"total": "-5.00"}, [("total", "out-of-range")]),
    ("total", {"total": lambda row: f"{Decimal(row['total']) + Decimal('0.01'):.2f}"}, [("total", "does-not-add-up")]),
    ("payment-method", {"payment_method": ""}, [("payment_method", "missing")]),
    ("payment-method", {"payment_method": "cheque"}, [("payment_method", "unknown-value")]),
    (
        "several",
        {"quantity": "-0.5", "unit_price": "-1.005", "payment_method": "credit card"},
        [("quantity", "not-an-integer"), ("unit_price", "too-precise"), ("payment_method", "unknown-value")],
    ),
    (
        "several",
        {
            **dict.fromkeys(
                ("transaction_id", "date", "customer_id", "product_id", "product_name", "payment_method"), ""
            ),
            **dict.fromkeys(NUMBERS, "many"),
            "category": "c" * 101,
            "region": "r" * 101,
        },
        [
            ("transaction_id", "missing"),
            ("date", "missing"),
            ("customer_id", "missing"),
            ("product_id", "missing"),
            ("product_name", "missing"),
            ("category", "too-long"),
            ("region", "too-long"),
            *((name, "not-a-number") for name in NUMBERS),
            ("payment_method", "missing"),
        ],
    ),
)
# Four rows of one id, in this order: refused, so that the next is not a duplicate; taken; a duplicate; refused for
# another reason, and therefore not for being a duplicate.
_ONE_ID: tuple[tuple[str, dict[str, str], Reasons], ...] = (
    ("duplicates", {"unit_price": ""}, [("unit_price", "missing")]),
    ("", {}, []),
    ("duplicates", {}, [("transaction_id", "duplicate")]),
    ("duplicates", {"tax": "much"}, [("tax", "not-a-number")]),
)
MALFORMED = "malformed-rows"
GROUPS = (*dict.fromkeys(group for group, *_ in (*_DEFECTS, *_ONE_ID) if group), MALFORMED)


@dataclass(frozen=True)
class Line:
    """One row of the file: what is sent, and what must come of it (a sale, or the reasons of a reject)."""

    group: str
    cells: Any  # by column; or a list of cells, or a JSON value that is no object
    reasons: Reasons


@dataclass(frozen=True)
class Defective:
    """The file in one format, with its known rejects by row number, and the sales that must be in the warehouse."""

    content: bytes
    rejects: dict[int, dict[str, Any]]
    groups: dict[int, str]
    sales: dict[str, dict[str, Any]]
    prefix: str
    rows: int = field(default=0)


def defective(kind: str) -> Defective:
    """Make the file as ``csv``, ``json`` or ``xlsx``."""
    prefix = f"M4-{tag()}"
    lines = _shuffled(_lines(prefix, kind))
    typed = [line.cells if kind == "csv" or not isinstance(line.cells, dict) else _typed(line.cells) for line in lines]
    sent = [_spelled(cells) if isinstance(cells, Mapping) else cells for cells in typed]
    header = [*SPELLED.values(), REMARK]
    if kind == "json":
        content = json_file([_without_empty_price(row, line) for row, line in zip(sent, lines, strict=True)])
    else:
        content = (csv_file if kind == "csv" else xlsx_file)(sent, header)
    rejects = {
        number: {"reasons": line.reasons, "raw": as_json(row)}
        for number, (row, line) in enumerate(zip(sent, lines, strict=True), start=1)
        if line.reasons
    }
    groups = {number: line.group for number, line in enumerate(lines, start=1) if line.reasons}
    taken = [line.cells for line in lines if not line.reasons]
    return Defective(
        content, rejects, groups, {row["transaction_id"]: stored(row) for row in taken}, prefix, len(lines)
    )


def as_json(value: Any) -> Any:
    """Give a raw row as JSON holds it, for comparison: one kind of number, and an empty cell is null or not there."""
    if isinstance(value, Mapping):
        return {name: as_json(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


def _lines(prefix: str, kind: str) -> list[list[Line]]:
    """Give the rows in pieces that must stay in their order."""
    defects = [*_DEFECTS, *_ONE_ID]
    rows = sales(len(defects) + GOOD_ROWS, prefix)
    one_id = rows[len(_DEFECTS)]["transaction_id"]
    pieces: list[list[Line]] = [[], *([Line("", row, [])] for row in rows[len(defects) :])]
    for number, ((group, changes, reasons), row) in enumerate(zip(defects, rows, strict=False)):
        changed = {**row, **{name: _value(value, row) for name, value in changes.items()}}
        if number < len(_DEFECTS):
            pieces.append([Line(group, changed, reasons)])
        else:
            pieces[0].append(Line(group, {**changed, "transaction_id": one_id}, reasons))
    malformed: Reasons = [(None, "malformed-row")]
    if kind == "csv":
        cells = [rows[0][name] for name in COLUMNS]
        pieces += [[Line(MALFORMED, wrong, malformed)] for wrong in (cells[:5], [*cells, "", "one too many"])]
    if kind == "json":
        pieces += [[Line(MALFORMED, wrong, malformed)] for wrong in ("=1+1", ["no", "object"])]
    return pieces


def _value(value: Any, row: Mapping[str, str]) -> str:
    if not callable(value):
        return str(value)
    return str(value() if value is _future else value(row))


def _shuffled(pieces: Sequence[Sequence[Line]]) -> list[Line]:
    """Mix the pieces, so that the order within each stays."""
    chance = random.Random(secrets.token_bytes(16))
    turns = [number for number, piece in enumerate(pieces) for _ in piece]
    chance.shuffle(turns)
    waiting = [iter(piece) for piece in pieces]
    return [next(waiting[number]) for number in turns]


def _spelled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {SPELLED[name]: row[name] for name in COLUMNS} | {REMARK: f"row of {row['product_id'] or 'nobody'}"}


def _typed(row: Mapping[str, str]) -> dict[str, Any]:
    """Give numbers as numbers and what is empty as nothing, as a sheet or a JSON document has them."""
    found: dict[str, Any] = {}
    for name, text in row.items():
        if text == "":
            found[name] = None
        elif name in NUMBERS and _PLAIN.fullmatch(text):
            found[name] = Decimal(text)
        else:
            found[name] = text
    return found


def _without_empty_price(record: Any, line: Line) -> Any:
    """Leave out the key of an empty price: in JSON a record without a key has an empty value."""
    if isinstance(line.cells, Mapping) and line.cells["unit_price"] == "":
        return {name: value for name, value in record.items() if name != SPELLED["unit_price"]}
    return record
