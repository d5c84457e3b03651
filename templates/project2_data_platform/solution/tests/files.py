"""Files of sales, for tests that read them."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl

COLUMNS = [
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
]


def sale(number: int, **changes: Any) -> dict[str, Any]:
    """Give a row as a sender would write it."""
    return {
        "transaction_id": f"T-{number}",
        "date": "2026-03-01T10:00:00Z",
        "customer_id": "C-1",
        "product_id": "P-1",
        "product_name": "Field guide",
        "category": "Books",
        "region": "North",
        "quantity": "2",
        "unit_price": "19.90",
        "discount": "",
        "tax": "",
        "total": "39.80",
        "payment_method": "card",
        **changes,
    }


def csv_file(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = COLUMNS, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def json_file(rows: Sequence[Any]) -> bytes:
    return json.dumps(rows).encode()


def xlsx_file(rows: Sequence[Sequence[Any]], title: str = "Sales", before: Sequence[str] = ()) -> bytes:
    """Give a workbook whose sheet `title` has these rows, after empty sheets of the names in `before`."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for name in before:
        sheet.title = name
        sheet = workbook.create_sheet()
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def xlsx_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> bytes:
    return xlsx_file([columns, *([row.get(name) or None for name in columns] for row in rows)])
