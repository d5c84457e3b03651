"""Orders of the shop as rows of a file: one line, one sale. Pure."""

from collections.abc import Iterator
from typing import Any

_OF_THE_ORDER = ("customer_id", "region", "payment_method")
_OF_THE_LINE = ("product_id", "product_name", "category", "quantity", "unit_price", "discount", "tax", "total")


def rows(orders: list[Any]) -> list[Any]:
    """Give the rows of the orders, in order. What is no order or no line is a row as it came: the rules refuse it."""
    return [row for order in orders for row in _rows_of(order)]


def versions(orders: list[Any]) -> Iterator[list[Any]]:
    """Cut the orders such that none is twice in a part: an order that was exported again replaces what came before."""
    part: list[Any] = []
    numbers: set[Any] = set()
    for order in orders:
        number = str(order.get("order_number")) if isinstance(order, dict) else None
        if number in numbers:
            yield part
            part, numbers = [], set()
        if number is not None:
            numbers.add(number)
        part.append(order)
    yield part


def _rows_of(order: Any) -> list[Any]:
    if not isinstance(order, dict):
        return [order]
    lines = order.get("items")
    if not isinstance(lines, list):
        return [[order]]  # no row of named columns, either
    return [_row(order, line) if isinstance(line, dict) else line for line in lines]


def _row(order: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    return {
        "transaction_id": _transaction_id(order.get("order_number"), line.get("line")),
        "date": order.get("ordered_at"),
        **{name: order.get(name) for name in _OF_THE_ORDER},
        **{name: line.get(name) for name in _OF_THE_LINE},
    }


def _transaction_id(order_number: object, line: object) -> str | None:
    # Half an id could be another order's: then it is missing, and the row a reject.
    if order_number in (None, "") or line in (None, ""):
        return None
    return f"{order_number}-{line}"
