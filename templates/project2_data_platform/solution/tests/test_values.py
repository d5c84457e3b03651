"""The rules for each column: a cell in, a value or the code of a fault out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from data_platform.pipeline import values
from data_platform.pipeline.values import Fault

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def outcome(value: Any) -> Any:
    return value.code if isinstance(value, Fault) else value


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("T-1", "T-1"),
        (" \t T-1\u00a0 ", "T-1"),
        ("a  b", "a  b"),
        ("x" * 64, "x" * 64),
        ("x" * 65, "too-long"),
        (f" {'x' * 64} ", "x" * 64),
        ("", "missing"),
        (" \u00a0\u2009", "missing"),
        (None, "missing"),
        ("N/A", "N/A"),
        ("null", "null"),
        ("-", "-"),
        (Decimal(1001), "1001"),
        (Decimal("7.50"), "7.50"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_an_id_is_required_and_at_most_64_characters(cell: Any, expected: str) -> None:
    assert outcome(values.label(cell, 64)) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (" Field   guide\u00a0\tto  birds ", "Field guide to birds"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "too-long"),
        (f"{'x' * 100}   {'y' * 99}", f"{'x' * 100} {'y' * 99}"),
        ("\u00a0", "missing"),
        ("=1+1", "=1+1"),
    ],
)
def test_white_space_in_a_name_becomes_one_blank(cell: Any, expected: str) -> None:
    assert outcome(values.name(cell, 200)) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("north  AMERICA", "North America"),
        (" bOOKS\u00a0and maps ", "Books And Maps"),
        ("o'neill", "O'neill"),
        ("rock-n-roll", "Rock-n-roll"),
        ("ÜBERSEE", "Übersee"),
        ("3d prints", "3d Prints"),
        ("", "Unknown"),
        ("   ", "Unknown"),
        (None, "Unknown"),
        ("x" * 100, "X" + "x" * 99),
        ("x" * 101, "too-long"),
    ],
)
def test_words_of_a_category_have_a_capital_first_letter(cell: Any, expected: str) -> None:
    assert outcome(values.group(cell)) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("card", "card"),
        (" CASH ", "cash"),
        ("Bank Transfer", "bank_transfer"),
        ("bank-transfer", "bank_transfer"),
        ("bank\u00a0transfer", "bank_transfer"),
        ("wallet", "wallet"),
        ("bank  transfer", "unknown-value"),
        ("banktransfer", "unknown-value"),
        ("cheque", "unknown-value"),
        ("card,", "unknown-value"),
        (True, "unknown-value"),
        ("", "missing"),
        (None, "missing"),
    ],
)
def test_there_are_four_ways_to_pay(cell: Any, expected: str) -> None:
    assert outcome(values.payment_method(cell)) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1", 1),
        ("0", "out-of-range"),
        ("-2", "out-of-range"),
        ("1000000", 1_000_000),
        ("1000001", "out-of-range"),
        ("3.0", 3),
        ("3.", 3),
        ("3.5", "not-an-integer"),
        ("0.5", "not-an-integer"),
        ("-0.5", "not-an-integer"),
        ("1,000", 1000),
        ("1,000,000", 1_000_000),
        ("+7", 7),
        ("1,00", "not-a-number"),
        ("10,000,00", "not-a-number"),
        ("1e3", "not-a-number"),
        ("two", "not-a-number"),
        ("٣", "not-a-number"),
        ("1_000", "not-a-number"),
        ("0x10", "not-a-number"),
        (True, "not-a-number"),
        ("", "missing"),
        (None, "missing"),
        (Decimal(3), 3),
        (Decimal("3.0"), 3),
        (Decimal("3.5"), "not-an-integer"),
        (Decimal("1E+3"), 1000),
        (Decimal("1E+999999999"), "out-of-range"),
        (Decimal("1E-999999999"), "not-an-integer"),
        ("9" * 400, "out-of-range"),
    ],
)
def test_a_quantity_is_a_whole_number_of_units(cell: Any, expected: Any) -> None:
    assert outcome(values.quantity(cell)) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("19.90", "19.90"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
        (".5", "0.50"),
        ("12.500", "12.50"),
        ("12.505", "too-precise"),
        ("-12.505", "too-precise"),
        ("-0.01", "out-of-range"),
        ("9999999.99", "9999999.99"),
        ("10000000.00", "out-of-range"),
        ("9999999.991", "too-precise"),
        ("$1,234.50", "1234.50"),
        ("€5", "5.00"),
        ("£ 5", "not-a-number"),
        ("$$5", "not-a-number"),
        ("5$", "not-a-number"),
        ("¥5", "not-a-number"),
        ("$", "not-a-number"),
        ("$-5", "out-of-range"),
        ("-$5", "not-a-number"),
        ("1.234,50", "not-a-number"),
        ("12,5", "not-a-number"),
        ("1,234,5", "not-a-number"),
        ("1234,567", "not-a-number"),
        (",123", "not-a-number"),
        ("1,2345", "not-a-number"),
        ("NaN", "not-a-number"),
        ("Infinity", "not-a-number"),
        ("1e3", "not-a-number"),
        ("1 000", "not-a-number"),
        ("1.2.3", "not-a-number"),
        ("N/A", "not-a-number"),
        (".", "not-a-number"),
        (" 7.00\u00a0", "7.00"),
        (Decimal("19.9"), "19.90"),
        (Decimal("1E+2"), "100.00"),
        (Decimal("1E+999999999"), "out-of-range"),
        (Decimal("-1E+999999999"), "out-of-range"),
        (Decimal("1E-999999999"), "too-precise"),
        (Decimal("0E+999999999"), "0.00"),
        (f"0.{'0' * 300}1", "too-precise"),
        (f"1{'0' * 300}", "out-of-range"),
    ],
)
def test_money_has_two_places_and_a_range(cell: Any, expected: str) -> None:
    assert str(outcome(values.price(cell))) == expected


def test_a_price_is_required_and_a_discount_is_not() -> None:
    assert outcome(values.price("")) == "missing"
    assert str(values.extra("")) == "0.00"
    assert str(values.extra(None)) == "0.00"
    assert outcome(values.extra("x")) == "not-a-number"
    assert str(values.extra("1")) == "1.00"


def test_a_total_may_be_larger_than_a_price() -> None:
    assert values.money("", values.MOST_TOTAL) is None
    assert str(values.money("999999999999.99", values.MOST_TOTAL)) == "999999999999.99"
    assert outcome(values.money("1000000000000.00", values.MOST_TOTAL)) == "out-of-range"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-03-01", "2026-02-28T23:00:00+00:00"),
        ("2026-03-01T10:00", "2026-03-01T09:00:00+00:00"),
        ("2026-03-01 10:00:30", "2026-03-01T09:00:30+00:00"),
        ("2026-03-01 10:00:30.250", "2026-03-01T09:00:30.250000+00:00"),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00+00:00"),
        ("2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01 10:00:00-0530", "2026-03-01T15:30:00+00:00"),
        ("2026-03-01 10:00:00+00", "2026-03-01T10:00:00+00:00"),
        (" 2026-03-01\u00a0", "2026-02-28T23:00:00+00:00"),
        # Clocks skip the hour from 2 to 3, and repeat it in October: the first of the two is meant.
        ("2026-03-29 02:30", "2026-03-29T01:30:00+00:00"),
        ("2025-10-26 02:30", "2025-10-26T00:30:00+00:00"),
        ("2024-02-29", "2024-02-28T23:00:00+00:00"),
        ("2026-06-01T12:00:00Z", "2026-06-01T12:00:00+00:00"),
        ("2026-06-01T12:00:01Z", "in-the-future"),
        ("2027-01-01", "in-the-future"),
        ("2026-02-29", "not-a-date"),
        ("2026-13-01", "not-a-date"),
        ("2026-03-01T24:00", "not-a-date"),
        ("2026-03-01T10:60", "not-a-date"),
        ("2026-03-01T10:00:60", "not-a-date"),
        ("2026-03-01T10:00+25:00", "not-a-date"),
        ("03/04/2026", "not-a-date"),
        ("01.03.2026", "not-a-date"),
        ("2026-3-1", "not-a-date"),
        ("20260301", "not-a-date"),
        ("2026-W09-1", "not-a-date"),
        ("2026-03-01T10", "not-a-date"),
        ("2026-03-01  10:00", "not-a-date"),
        ("2026-03-01t10:00", "not-a-date"),
        ("2026-03-01T", "not-a-date"),
        ("0001-01-01T00:00:00+14:00", "not-a-date"),
        ("0000-01-01", "not-a-date"),
        ("٢٠٢٦-03-01", "not-a-date"),
        ("yesterday", "not-a-date"),
        (Decimal(46082), "not-a-date"),
        ("", "missing"),
        (None, "missing"),
    ],
)
def test_a_date_becomes_an_instant_in_utc(cell: Any, expected: str) -> None:
    found = outcome(values.instant(cell, BERLIN, NOW))
    assert (found if isinstance(found, str) else found.isoformat()) == expected


def test_a_fault_shows_what_was_there_but_not_a_whole_novel() -> None:
    assert values.quantity("-2") == Fault("out-of-range", "must be between 1 and 1000000, was -2")
    assert values.price("abc") == Fault("not-a-number", "is not a decimal number: abc")
    assert values.price("a" * 60) == Fault("not-a-number", f"is not a decimal number: {'a' * 60}")
    assert values.price("a" * 61) == Fault("not-a-number", f"is not a decimal number: {'a' * 60}…")
    assert values.label("x" * 65, 64) == Fault("too-long", "may have 64 characters, has 65")
