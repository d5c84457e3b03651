"""What all readers share: headers, JSON of what came in, and batches."""

import json
from decimal import Decimal
from typing import Any

import pytest

from data_platform.pipeline.rows import (
    BATCH_ROWS,
    COLUMNS,
    Header,
    RawRow,
    UnreadableFileError,
    as_json,
    batches,
    column_name,
)

REQUIRED = [
    "transaction_id",
    "date",
    "customer_id",
    "product_id",
    "product_name",
    "quantity",
    "unit_price",
    "payment_method",
]


@pytest.mark.parametrize("spelled", ["unit_price", " Unit Price ", "UNIT-PRICE", "unit\u00a0price"])
def test_a_header_may_be_spelled_in_several_ways(spelled: str) -> None:
    assert column_name(spelled) == "unit_price"


def test_cells_are_picked_by_their_header_whatever_the_order() -> None:
    header = Header(["colour", *reversed(REQUIRED), "Region", ""])
    cells = ["red", *(f"{name}!" for name in reversed(REQUIRED)), "north", "?"]
    picked = dict(zip(COLUMNS, header.pick(cells), strict=True))
    assert picked == {
        **{name: f"{name}!" for name in REQUIRED},
        "region": "north",
        "category": None,
        "discount": None,
        "tax": None,
        "total": None,
    }


@pytest.mark.parametrize("missing", REQUIRED)
def test_each_required_column_is_missed_by_name(missing: str) -> None:
    with pytest.raises(UnreadableFileError) as raised:
        Header([name for name in REQUIRED if name != missing])
    assert (raised.value.code, str(raised.value)) == ("missing-columns", f"The file has no column {missing}.")


def test_several_missing_columns_are_named_together() -> None:
    with pytest.raises(UnreadableFileError, match=r"^The file has no column date, quantity\.$"):
        Header([name for name in REQUIRED if name not in {"date", "quantity"}])


@pytest.mark.parametrize("twice", [["date"], ["Date "], ["colour", "Colour"]])
def test_a_column_named_twice_is_told(twice: list[str]) -> None:
    with pytest.raises(UnreadableFileError) as raised:
        Header([*REQUIRED, *twice])
    assert (raised.value.code, str(raised.value)) == (
        "unreadable-file",
        f"The header names the column {column_name(twice[0])} twice.",
    )


def test_columns_without_a_name_may_be_several() -> None:
    assert Header([*REQUIRED, "", " "]).pick([*"12345678", "", ""])[0] == "1"


def test_a_raw_row_has_the_names_as_they_are_spelled() -> None:
    header = Header([name.upper() for name in REQUIRED])
    assert json.loads(header.raw(list("12345678"))) == dict(
        zip([name.upper() for name in REQUIRED], "12345678", strict=True)
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('a "b" ü', '"a \\"b\\" ü"'),
        ("a\x00b\ud800", '"a\ufffdb\ufffd"'),
        (Decimal("12.500"), "12.500"),
        (Decimal("1E+300"), "1E+300"),
        (Decimal("1E+301"), '"1E+301"'),
        (Decimal("1E-301"), '"1E-301"'),
        (7, "7"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "null"),
        ([1, ["a"]], '[1, ["a"]]'),
        ({"a\x00": {"b": Decimal(1)}}, '{"a\ufffd": {"b": 1}}'),
    ],
)
def test_what_came_in_becomes_the_nearest_json(value: Any, expected: str) -> None:
    assert as_json(value) == expected


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [(0, []), (1, [1]), (BATCH_ROWS, [BATCH_ROWS]), (BATCH_ROWS + 1, [BATCH_ROWS, 1])],
)
def test_rows_are_put_together_in_batches(rows: int, sizes: list[int]) -> None:
    made = (RawRow(number, None, str) for number in range(1, rows + 1))
    found = list(batches(made, lambda: 0.5))
    assert [len(batch.rows) for batch in found] == sizes
    assert [row.number for batch in found for row in batch.rows] == list(range(1, rows + 1))
    assert {batch.read for batch in found} <= {0.5}
