"""Orders as rows, without a database."""

from typing import Any

import pytest

from data_platform.orders import rows, versions
from tests.shop import line, order


def test_each_line_of_an_order_is_a_row() -> None:
    first, second = rows([order(1040, line(1), line(2, product_id="P-2", total="1.00"))])
    assert first == {
        "transaction_id": "R-1040-1",
        "date": "2026-03-01T22:30:00Z",
        "customer_id": "C-7",
        "region": "North",
        "payment_method": "card",
        "product_id": "P-1",
        "product_name": "Field guide",
        "category": "Books",
        "quantity": 2,
        "unit_price": "19.90",
        "discount": "0.00",
        "tax": "0.00",
        "total": "39.80",
    }
    assert second == {**first, "transaction_id": "R-1040-2", "product_id": "P-2", "total": "1.00"}


def test_what_is_left_out_is_empty() -> None:
    (row,) = rows([{"order_number": "R-1", "items": [{"line": 1}]}])
    assert row.pop("transaction_id") == "R-1-1"
    assert set(row.values()) == {None}
    assert len(row) == 12


@pytest.mark.parametrize(
    ("number", "line_number", "transaction_id"),
    [
        ("R-1", 1, "R-1-1"),
        ("R-1", "2", "R-1-2"),
        (7, 0, "7-0"),
        (None, 1, None),
        ("", 1, None),
        ("R-1", None, None),
        ("R-1", "", None),
    ],
)
def test_half_an_id_is_none(number: Any, line_number: Any, transaction_id: str | None) -> None:
    (row,) = rows([{"order_number": number, "items": [{"line": line_number}]}])
    assert row["transaction_id"] == transaction_id


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("R-1", "R-1"),
        (None, None),
        ({"order_number": "R-1"}, [{"order_number": "R-1"}]),
        ({"order_number": "R-1", "items": {}}, [{"order_number": "R-1", "items": {}}]),
        ({"order_number": "R-1", "items": ["line"]}, "line"),
    ],
)
def test_what_is_no_order_or_no_line_is_kept_as_it_came(given: Any, kept: Any) -> None:
    assert rows([given]) == [kept]


def test_an_order_without_lines_has_no_rows() -> None:
    assert rows([{"order_number": "R-1", "items": []}]) == []


def test_no_order_is_twice_in_a_part() -> None:
    a, b, changed = order("a"), order("b"), order("a", region="South")
    assert list(versions([a, b])) == [[a, b]]
    assert list(versions([a, b, changed, b])) == [[a, b], [changed, b]]
    assert list(versions([a, changed, a])) == [[a], [changed], [a]]
    assert list(versions([None, "x", None, {"items": []}])) == [[None, "x", None, {"items": []}]]
    assert list(versions([])) == [[]]
