"""The rules of m4.1 and m4.2 as data: what a text becomes, or why it is refused. And rows that mix them at random.

Every value here was written by hand from the milestone's document. The one thing computed is how the columns of a row
come together: the reasons in the order of the columns, and the total. Nothing is shared with any application.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from p2_files import COLUMNS, sales

MONEY = ("unit_price", "discount", "tax")
NEEDED_FOR_TOTAL = ("quantity", *MONEY)
HIGHEST_TOTAL = Decimal("999999999999.99")
NBSP = "\u00a0"


def utc(*parts: int) -> datetime:
    """Give an instant."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


_AMOUNTS: tuple[tuple[str, Decimal], ...] = (
    ("$1,234.50", Decimal("1234.50")),
    ("€0.10", Decimal("0.10")),
    ("£1,234,567.89", Decimal("1234567.89")),
    ("1,234", Decimal("1234.00")),
    ("12.500", Decimal("12.50")),
    ("7", Decimal("7.00")),
    ("0.1", Decimal("0.10")),
    ("0", Decimal("0.00")),
    (f"{NBSP} 19.90\t", Decimal("19.90")),
    ("9999999.99", Decimal("9999999.99")),
)
_NO_AMOUNTS: tuple[tuple[str, str], ...] = (
    ("1.234,50", "not-a-number"),
    ("12,5", "not-a-number"),
    ("1,2345.00", "not-a-number"),
    ("12,34.00", "not-a-number"),
    ("1e3", "not-a-number"),
    ("1_000", "not-a-number"),
    ("NaN", "not-a-number"),
    ("Infinity", "not-a-number"),
    ("N/A", "not-a-number"),
    ("-", "not-a-number"),
    ("null", "not-a-number"),
    ("$$5.00", "not-a-number"),
    ("12.505", "too-precise"),
    ("0.001", "too-precise"),
    ("-1.005", "too-precise"),
    ("-0.01", "out-of-range"),
    ("10000000.00", "out-of-range"),
)

# What is taken, and as what it is stored.
REPAIRS: dict[str, tuple[tuple[str, Any], ...]] = {
    "product_name": (
        (f"  Field{NBSP} \t guide ", "Field guide"),
        ("field GUIDE", "field GUIDE"),
        ("N/A", "N/A"),
        ("null", "null"),
        ("é" * 200, "é" * 200),
    ),
    "category": (
        ("HOME & gaRDen", "Home & Garden"),
        ("men's  SHOES", "Men's Shoes"),
        ("ÉPICES et thés", "Épices Et Thés"),
        ("", "Unknown"),
        (f" {NBSP}\t", "Unknown"),
        ("N/A", "N/a"),
        ("c" * 100, f"C{'c' * 99}"),
    ),
    "region": (
        ("north  AMERICA", "North America"),
        (f"{NBSP}são{NBSP}PAULO ", "São Paulo"),
        ("", "Unknown"),
        ("-", "-"),
        ("null", "Null"),
    ),
    "quantity": (("3.0", 3), (" 12 ", 12), ("1,000", 1000), ("1", 1), ("1000000", 1_000_000), ("5.000", 5)),
    "unit_price": _AMOUNTS,
    "discount": (
        ("", Decimal("0.00")),
        (NBSP, Decimal("0.00")),
        ("$0.50", Decimal("0.50")),
        ("0.250", Decimal("0.25")),
    ),
    "tax": (("", Decimal("0.00")), ("  ", Decimal("0.00")), *_AMOUNTS),
    "payment_method": (
        ("Bank Transfer", "bank_transfer"),
        ("BANK-TRANSFER", "bank_transfer"),
        ("bank_transfer", "bank_transfer"),
        (f" Card{NBSP}", "card"),
        ("CASH", "cash"),
        ("Wallet", "wallet"),
    ),
    "date": (
        ("2024-03-10", utc(2024, 3, 10)),
        ("2024-03-10T10:20:30", utc(2024, 3, 10, 10, 20, 30)),
        (" 2024-03-10 10:20:30 ", utc(2024, 3, 10, 10, 20, 30)),
        ("2024-03-10T10:20:30Z", utc(2024, 3, 10, 10, 20, 30)),
        ("2024-03-10T10:20:30+05:30", utc(2024, 3, 10, 4, 50, 30)),
        ("2024-03-10 23:30:00-08:00", utc(2024, 3, 11, 7, 30)),
        ("2024-02-29", utc(2024, 2, 29)),
    ),
}

# What is not repaired, and why it is refused.
REFUSALS: dict[str, tuple[tuple[str, str], ...]] = {
    "date": (
        ("", "missing"),
        ("03/04/2026", "not-a-date"),
        ("2023-02-29", "not-a-date"),
        ("20240310", "not-a-date"),
        ("2024-3-1", "not-a-date"),
        ("2024-W10-7", "not-a-date"),
        ("2024-03-10T25:00:00", "not-a-date"),
        ("1 March 2024", "not-a-date"),
        ("1710028800", "not-a-date"),
        ("N/A", "not-a-date"),
        ("2999-01-01", "in-the-future"),
    ),
    "product_name": (("", "missing"), (f" {NBSP}", "missing"), ("x" * 201, "too-long")),
    "category": (("x" * 101, "too-long"),),
    "region": (("x" * 101, "too-long"),),
    "quantity": (
        ("", "missing"),
        ("three", "not-a-number"),
        ("1e3", "not-a-number"),
        ("1_0", "not-a-number"),
        ("12,5", "not-a-number"),
        ("NaN", "not-a-number"),
        ("2.5", "not-an-integer"),
        ("-0.5", "not-an-integer"),
        ("0", "out-of-range"),
        ("-2", "out-of-range"),
        ("1000001", "out-of-range"),
    ),
    "unit_price": (("", "missing"), *_NO_AMOUNTS),
    "discount": _NO_AMOUNTS,
    "tax": _NO_AMOUNTS,
    "payment_method": (
        ("", "missing"),
        ("cheque", "unknown-value"),
        ("N/A", "unknown-value"),
        ("credit card", "unknown-value"),
    ),
}

# The same for times, in a source in Europe/Berlin, where clocks skip 02:30 on 31 March and repeat it on 27 October.
BERLIN_TIMES: tuple[tuple[str, datetime], ...] = (
    ("2024-07-01", utc(2024, 6, 30, 22)),
    ("2024-01-15 12:00:00", utc(2024, 1, 15, 11)),
    ("2024-07-15T12:00:00", utc(2024, 7, 15, 10)),
    ("2024-07-15T12:00:00Z", utc(2024, 7, 15, 12)),
    ("2024-07-15T12:00:00-03:00", utc(2024, 7, 15, 15)),
    ("2024-03-31 02:30:00", utc(2024, 3, 31, 1, 30)),
    ("2024-10-27 02:30:00", utc(2024, 10, 27, 0, 30)),
)

Reasons = list[tuple[str | None, str]]


@dataclass(frozen=True)
class Judged:
    """A row as it is sent, and either the sale that it becomes or the reasons why it doesn't."""

    raw: dict[str, str]
    sale: dict[str, Any] | None
    reasons: Reasons


def stored(row: Mapping[str, str]) -> dict[str, Any]:
    """Give the sale that a clean row becomes."""
    typed: dict[str, Any] = {name: row[name] for name in COLUMNS if name != "date"}
    typed |= {name: Decimal(row[name]) for name in (*MONEY, "total")} | {"quantity": int(row["quantity"])}
    return typed | {"sold_at": datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)}


def total_of(sale: Mapping[str, Any]) -> Decimal:
    """Give the total of a sale by its other columns."""
    return Decimal(sale["quantity"] * sale["unit_price"] - sale["discount"] + sale["tax"])


def judged(row: Mapping[str, str], taken: Mapping[str, tuple[str, Any]], refused: Mapping[str, tuple[str, str]],
           total: str = "") -> Judged:  # fmt: skip
    """Put values of the tables above into a clean row and say what becomes of it.

    `total` is left empty (so that it is computed), or ``right``, or ``wrong`` by a cent.
    """
    raw = {**row, **{name: text for name, (text, _) in (*taken.items(), *refused.items())}}
    sale = stored(row) | {("sold_at" if name == "date" else name): value for name, (_, value) in taken.items()}
    codes: dict[str, str] = {name: code for name, (_, code) in refused.items()}
    sale["total"] = total_of(sale)
    raw["total"] = {"": "", "right": f"{sale['total']:.2f}", "wrong": f"{sale['total'] + Decimal('0.01'):.2f}"}[total]
    can_add_up = not codes.keys() & set(NEEDED_FOR_TOTAL)
    told = Decimal(raw["total"]) if raw["total"] else sale["total"] if can_add_up else Decimal()
    if not 0 <= told <= HIGHEST_TOTAL:
        codes["total"] = "out-of-range"
    elif can_add_up and raw["total"] and told != sale["total"]:
        codes["total"] = "does-not-add-up"
    reasons: Reasons = [(name, codes[name]) for name in COLUMNS if name in codes]
    return Judged(raw, None if reasons else sale, reasons)


def mixture(count: int, prefix: str) -> list[Judged]:
    """Give rows in which values of all tables meet at random, other ones in each run."""
    chance = random.Random(secrets.token_bytes(16))
    found = []
    for row in sales(count, prefix):
        taken, refused = {}, {}
        for name, repairs in REPAIRS.items():
            dice = chance.random()
            if dice < 0.30:
                taken[name] = chance.choice(repairs)
            elif dice < 0.38:
                refused[name] = chance.choice(REFUSALS[name])
        found.append(judged(row, taken, refused, chance.choice(("", "", "right", "right", "wrong"))))
    return found


def one_by_one(prefix: str) -> dict[tuple[str, str], Judged]:
    """Give a row for each value of the tables above, by column and text. The total is left empty."""
    cases: list[tuple[str, str, Any, str | None]] = [
        (name, text, value, None) for name, entries in REPAIRS.items() for text, value in entries
    ]
    cases += [(name, text, None, code) for name, entries in REFUSALS.items() for text, code in entries]
    found = {}
    for row, (name, text, value, code) in zip(sales(len(cases), prefix), cases, strict=True):
        # A row that can carry every amount: 1 piece, no discount.
        plain = {**row, "quantity": "1", "discount": "0.00", "unit_price": "5.00"}
        taken = {} if code else {name: (text, value)}
        found[name, text] = judged(plain, taken, {name: (text, code)} if code else {})
    return found


def clean_rows(rows: Sequence[Judged]) -> list[dict[str, str]]:
    """Give the raw rows."""
    return [row.raw for row in rows]
