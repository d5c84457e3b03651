"""Rows into sales or rejects: the rules that need the row as a whole."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from data_platform.pipeline.cleaning import Cleaner, Reason, Reject, Sale, duplicate
from data_platform.pipeline.rows import COLUMNS, RawRow

GOOD = {
    "transaction_id": "T-1",
    "date": "2026-03-01T10:00:00Z",
    "customer_id": "C-1",
    "product_id": "P-1",
    "product_name": "Field guide",
    "category": "books",
    "region": "north",
    "quantity": "2",
    "unit_price": "19.90",
    "discount": "1.00",
    "tax": "0.50",
    "total": "39.30",
    "payment_method": "Card",
}
CLEANER = Cleaner(ZoneInfo("UTC"), datetime(2026, 6, 1, tzinfo=UTC))


def row(**changes: Any) -> RawRow:
    cells = {**GOOD, **changes}
    return RawRow(7, [cells[name] for name in COLUMNS], lambda: json.dumps({"row": "as it came"}))


def codes(**changes: Any) -> list[tuple[str | None, str]]:
    result = CLEANER.clean(row(**changes))
    assert isinstance(result, Reject), result
    return [(reason.field, reason.code) for reason in result.reasons]


def test_a_good_row_is_a_typed_sale() -> None:
    assert CLEANER.clean(row()) == Sale(
        transaction_id="T-1",
        sold_at=datetime(2026, 3, 1, 10, tzinfo=UTC),
        customer_id="C-1",
        product_id="P-1",
        product_name="Field guide",
        category="Books",
        region="North",
        quantity=2,
        unit_price=Decimal("19.90"),
        discount=Decimal("1.00"),
        tax=Decimal("0.50"),
        total=Decimal("39.30"),
        payment_method="card",
    )


def test_what_is_optional_may_be_empty() -> None:
    sale = CLEANER.clean(row(category="", region=None, discount=" ", tax="", total=""))
    assert isinstance(sale, Sale)
    assert (sale.category, sale.region) == ("Unknown", "Unknown")
    assert (str(sale.discount), str(sale.tax), str(sale.total)) == ("0.00", "0.00", "39.80")


def test_every_wrong_column_is_a_reason_in_the_order_of_the_columns() -> None:
    everything = codes(**dict.fromkeys(COLUMNS, "x" * 201))
    assert everything == [
        ("transaction_id", "too-long"),
        ("date", "not-a-date"),
        ("customer_id", "too-long"),
        ("product_id", "too-long"),
        ("product_name", "too-long"),
        ("category", "too-long"),
        ("region", "too-long"),
        ("quantity", "not-a-number"),
        ("unit_price", "not-a-number"),
        ("discount", "not-a-number"),
        ("tax", "not-a-number"),
        ("total", "not-a-number"),
        ("payment_method", "unknown-value"),
    ]


def test_an_empty_row_lacks_each_required_column() -> None:
    assert codes(**dict.fromkeys(COLUMNS, "")) == [
        (name, "missing")
        for name in (
            "transaction_id",
            "date",
            "customer_id",
            "product_id",
            "product_name",
            "quantity",
            "unit_price",
            "payment_method",
        )
    ]


def test_a_total_must_add_up_to_the_cent() -> None:
    assert codes(total="39.31") == [("total", "does-not-add-up")]
    assert codes(total="39.29") == [("total", "does-not-add-up")]
    assert isinstance(CLEANER.clean(row(total="39.300")), Sale)


@pytest.mark.parametrize("column", ["quantity", "unit_price", "discount", "tax"])
def test_a_total_is_not_compared_with_what_is_wrong_itself(column: str) -> None:
    assert codes(**{column: "abc", "total": "1.00"}) == [(column, "not-a-number")]


def test_a_wrong_total_has_one_reason_and_a_wrong_neighbour_another() -> None:
    assert codes(total="39.301") == [("total", "too-precise")]
    assert codes(total="40.00", payment_method="cheque", transaction_id="") == [
        ("transaction_id", "missing"),
        ("total", "does-not-add-up"),
        ("payment_method", "unknown-value"),
    ]


def test_a_computed_total_has_a_range_too() -> None:
    assert codes(quantity="1", unit_price="1.00", discount="1.51", tax="0.50", total="") == [("total", "out-of-range")]
    zero = CLEANER.clean(row(quantity="1", unit_price="1.00", discount="1.50", tax="0.50", total=""))
    assert isinstance(zero, Sale)
    assert str(zero.total) == "0.00"
    assert codes(quantity="1000000", unit_price="9999999.99", total="") == [("total", "out-of-range")]


def test_a_reject_keeps_the_row_as_it_came() -> None:
    assert CLEANER.clean(row(quantity="0")) == Reject(
        7,
        '{"row": "as it came"}',
        [Reason("quantity", "out-of-range", "must be between 1 and 1000000, was 0")],
    )


def test_a_row_without_columns_has_one_reason_and_no_field() -> None:
    result = CLEANER.clean(RawRow(3, None, lambda: '["a"]'))
    assert isinstance(result, Reject)
    assert (result.row_number, result.raw) == (3, '["a"]')
    assert [(reason.field, reason.code) for reason in result.reasons] == [(None, "malformed-row")]


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_the_database_can_not_keep_is_malformed(text: str) -> None:
    assert codes(product_name=text) == [(None, "malformed-row")]


def test_a_duplicate_names_the_id() -> None:
    assert duplicate(row(), "T-1") == Reject(
        7,
        '{"row": "as it came"}',
        [Reason("transaction_id", "duplicate", "an earlier row of this file has it, too: T-1")],
    )


def test_times_are_meant_in_the_zone_of_the_source() -> None:
    cleaner = Cleaner(ZoneInfo("Asia/Kolkata"), datetime(2026, 6, 1, tzinfo=UTC))
    sale = cleaner.clean(row(date="2026-03-01"))
    assert isinstance(sale, Sale)
    assert sale.sold_at == datetime(2026, 2, 28, 18, 30, tzinfo=UTC)
