"""One cell into one value: what can be repaired without guessing is repaired, anything else is a fault."""

import re
from datetime import UTC, datetime
from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from data_platform.pipeline.rows import Cell

UNKNOWN = "Unknown"
PAYMENT_METHODS = ("card", "cash", "bank_transfer", "wallet")
_CENT = Decimal("0.01")
_LONGEST_GROUP = 100
_MOST_UNITS = 1_000_000
_MOST_MONEY = Decimal("9999999.99")
MOST_TOTAL = Decimal("999999999999.99")
_ZERO = Decimal("0.00")
# Beyond this a number is out of every range, or too precise for every column, and may be too long to compute with.
_FAR = 100
_WIDE = Context(prec=2 * _FAR)

# Digits, plain or in groups of exactly three.
_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?|\.[0-9]+)")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_SHOWN_CHARACTERS = 60


class Fault(NamedTuple):
    """What is wrong with a cell: the contract's code, and a sentence for the sender."""

    code: str
    message: str


MISSING = Fault("missing", "is required, and empty")


def text(cell: Cell) -> str:
    """Give what a cell says, without the white space around it; nothing is an empty text."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def label(cell: Cell, longest: int) -> str | Fault:
    """Give an id or another text that must be there."""
    value = text(cell)
    return _no_longer(value, longest) if value else MISSING


def name(cell: Cell, longest: int) -> str | Fault:
    """Give a text for people, in which white space is one blank."""
    return label(" ".join(text(cell).split()), longest)


def group(cell: Cell) -> str | Fault:
    """Give a category or region, each word with a capital first letter; `Unknown` when empty."""
    value = text(cell)
    # The same few come over and over. What is too long to be one of them must not fill the memory.
    titled = _titled(value) if len(value) <= 2 * _LONGEST_GROUP else _titled.__wrapped__(value)
    return _no_longer(titled, _LONGEST_GROUP) if titled else UNKNOWN


@lru_cache(maxsize=4096)
def _titled(value: str) -> str:
    return " ".join(word[:1].upper() + word[1:].lower() for word in value.split())


def payment_method(cell: Cell) -> str | Fault:
    """Give one of the four ways to pay."""
    value = text(cell).lower()
    if not value:
        return MISSING
    if value not in PAYMENT_METHODS and (value := re.sub(r"[\s-]", "_", value)) not in PAYMENT_METHODS:
        return Fault("unknown-value", f"must be one of {', '.join(PAYMENT_METHODS)}, was {_shown(cell)}")
    return value


def instant(cell: Cell, timezone: ZoneInfo, not_after: datetime) -> datetime | Fault:
    """Give the instant of a date, with or without a time; without an offset it is meant in `timezone`."""
    value = text(cell)
    if not value:
        return MISSING
    if not _DATE.fullmatch(value):
        return Fault("not-a-date", f"is not a date such as 2026-03-31: {_shown(cell)}")
    try:
        given = datetime.fromisoformat(value)
        found = (given if given.tzinfo else given.replace(tzinfo=timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return Fault("not-a-date", f"is no day of the calendar: {_shown(cell)}")
    if found > not_after:
        return Fault("in-the-future", f"is later than the import: {_shown(cell)}")
    return found


def quantity(cell: Cell) -> int | Fault:
    """Give a number of units."""
    number = _number(cell)
    if number is None:
        return MISSING
    if isinstance(number, Fault):
        return number
    if number != number.to_integral_value():
        return Fault("not-an-integer", f"must be a whole number, was {_shown(cell)}")
    if not 1 <= number <= _MOST_UNITS:
        return Fault("out-of-range", f"must be between 1 and {_MOST_UNITS}, was {_shown(cell)}")
    return int(number)


def price(cell: Cell) -> Decimal | Fault:
    """Give an amount that must be there."""
    amount = money(cell, _MOST_MONEY)
    return MISSING if amount is None else amount


def extra(cell: Cell) -> Decimal | Fault:
    """Give a discount or a tax, nothing when empty."""
    amount = money(cell, _MOST_MONEY)
    return _ZERO if amount is None else amount


def money(cell: Cell, most: Decimal) -> Decimal | Fault | None:
    """Give an amount with two places, None when empty."""
    number = _number(cell)
    if number is None or isinstance(number, Fault):
        return number
    amount = number.quantize(_CENT, context=_WIDE)
    if amount != number:
        return Fault("too-precise", f"may have two decimal places, was {_shown(cell)}")
    if not 0 <= amount <= most:
        return Fault("out-of-range", f"must be between 0 and {most}, was {_shown(cell)}")
    return abs(amount)  # -0.00 is 0.00


def _number(cell: Cell) -> Decimal | Fault | None:
    if isinstance(cell, Decimal):
        return _bounded(cell)
    value = text(cell)
    if not value:
        return None
    plain = value[1:] if value[0] in "$€£" else value
    if not _NUMBER.fullmatch(plain):
        return Fault("not-a-number", f"is not a decimal number: {_shown(cell)}")
    number = Decimal(plain.replace(",", ""))
    return number if len(plain) <= _FAR else _bounded(number)


def _bounded(number: Decimal) -> Decimal:
    """Give the number, or one as wrong as it that is easy to compute with: 1E+999999999 has a billion digits."""
    if abs(number.adjusted()) <= _FAR or not number:
        return number if number else Decimal(0)
    return Decimal(f"1E{'+' if number.adjusted() > 0 else '-'}{_FAR}").copy_sign(number)


def _no_longer(value: str, longest: int) -> str | Fault:
    if len(value) > longest:
        return Fault("too-long", f"may have {longest} characters, has {len(value)}")
    return value


def _shown(cell: Cell) -> str:
    value = text(cell)
    return value if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]}…"
