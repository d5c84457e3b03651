"""Files to upload: rows into CSV, JSON and XLSX.

XLSX is written by hand (a ZIP of five small XML parts), so that a scenario decides each cell: its type, its digits, and
whether it is there at all.
"""

import csv
import io
import json
import random
import secrets
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

COLUMNS = (
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
)
REGIONS = ("North", "South", "East", "West")
CATEGORIES = ("Books", "Games", "Garden", "Music")
PAYMENT_METHODS = ("card", "cash", "bank_transfer", "wallet")
MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Row = Mapping[str, Any] | Sequence[Any]


def tag() -> str:
    """Give a piece of an id that nobody can know before the run."""
    return secrets.token_hex(4)


def sales(
    count: int,
    prefix: str,
    year: int = 2024,
    customers: int = 20,
    products: int = 10,
) -> list[dict[str, str]]:
    """Give clean sales as text, on days of one year. Prices are chosen anew in each run; ids begin with `prefix`."""
    chance = random.Random(secrets.token_bytes(16))
    first_day = date(year, 1, 1)
    rows = []
    for number in range(1, count + 1):
        quantity, price = chance.randint(1, 9), Decimal(chance.randint(1, 99_999)) / 100
        discount, tax = Decimal(chance.randint(0, int(price * 100))) / 100, Decimal(chance.randint(0, 500)) / 100
        product = chance.randint(1, products)
        rows.append(
            {
                "transaction_id": f"{prefix}-{number:06d}",
                "date": str(first_day + timedelta(days=chance.randint(0, 360))),
                "customer_id": f"{prefix}-C{chance.randint(1, customers)}",
                "product_id": f"{prefix}-P{product}",
                "product_name": f"Product {product}",
                "category": CATEGORIES[product % len(CATEGORIES)],
                "region": chance.choice(REGIONS),
                "quantity": str(quantity),
                "unit_price": f"{price:.2f}",
                "discount": f"{discount:.2f}",
                "tax": f"{tax:.2f}",
                "total": f"{quantity * price - discount + tax:.2f}",
                "payment_method": chance.choice(PAYMENT_METHODS),
            }
        )
    return rows


def total_of(rows: Iterable[Mapping[str, str]]) -> Decimal:
    """Add up the totals of clean sales."""
    return sum((Decimal(row["total"]) for row in rows), Decimal())


@dataclass(frozen=True)
class BigFile:
    """A CSV of many clean sales, and what they come to."""

    content: bytes
    rows: int
    total: Decimal
    prefix: str


def big_file(rows: int, prefix: str, year: int) -> BigFile:
    """Give a CSV of about 130 bytes a row, all on days of `year` (UTC) but its first and last."""
    chance = random.Random(secrets.token_bytes(16))
    days = [str(date(year, 1, 2) + timedelta(days=number)) for number in range(363)]
    lines, cents_in_all = [",".join(COLUMNS)], 0
    for number in range(1, rows + 1):
        quantity, price, tax = chance.randint(1, 5), chance.randint(100, 9_999), chance.randint(0, 300)
        product, total = number % 200, quantity * price + tax
        cents_in_all += total
        lines.append(
            f"{prefix}-{number:06d},{days[number * 7 % 363]} 12:{number % 60:02d}:00,{prefix}-C{number % 2_000},"
            f"{prefix}-P{product},Product number {product},{CATEGORIES[product % 4]},{REGIONS[number % 4]},{quantity},"
            f"{price / 100:.2f},0.00,{tax / 100:.2f},{total / 100:.2f},{PAYMENT_METHODS[number % 4]}"
        )
    content = ("\n".join(lines) + "\n").encode()
    return BigFile(content, rows, Decimal(cents_in_all) / 100, prefix)


def csv_file(
    rows: Iterable[Row],
    columns: Sequence[str] = COLUMNS,
    delimiter: str = ",",
    encoding: str = "utf-8",
    header: Sequence[str] | None = None,
) -> bytes:
    """Give a CSV. A mapping is written in the order of `columns`, a sequence as it is; `header` renames the columns."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header or columns)
    writer.writerows(_cells(row, columns) for row in rows)
    return text.getvalue().encode(encoding)


def json_file(records: Sequence[Any], path: str = "") -> bytes:
    """Give a JSON document: the list of records, or objects down to it along the dotted path. Decimals keep digits."""
    document: Any = list(records)
    for key in reversed(path.split(".") if path else []):
        document = {"note": "not a record", key: document}
    return _json(document).encode()


def xlsx_file(
    rows: Iterable[Row],
    columns: Sequence[str] = COLUMNS,
    sheet: str = "Sales",
    before: Mapping[str, Sequence[Row]] | None = None,
    header: Sequence[str] | None = None,
) -> bytes:
    """Give an XLSX. Text becomes a text cell, a number a number cell with its own digits, None no cell at all.

    `before` are sheets (name to rows) that stand before the one that is meant.
    """
    sheets = {name: [list(row) for row in content] for name, content in (before or {}).items()}
    sheets[sheet] = [list(header or columns), *(_cells(row, columns) for row in rows)]
    texts: dict[str, int] = {}
    parts = {f"xl/worksheets/sheet{n}.xml": _sheet(content, texts) for n, content in enumerate(sheets.values(), 1)}
    parts |= _workbook(list(sheets), texts)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{content}')
    return packed.getvalue()


def _cells(row: Row, columns: Sequence[str]) -> list[Any]:
    return [row.get(column) for column in columns] if isinstance(row, Mapping) else list(row)


def _json(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_json(key)}: {_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",\n".join(_json(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _sheet(rows: Sequence[Sequence[Any]], texts: dict[str, int]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = [_cell(f"{_letters(column)}{number}", value, texts) for column, value in enumerate(row)]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(place: str, value: Any, texts: dict[str, int]) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def _letters(column: int) -> str:
    return chr(ord("A") + column) if column < 26 else f"A{chr(ord('A') + column - 26)}"


def _workbook(names: Sequence[str], texts: Mapping[str, int]) -> dict[str, str]:
    numbered = list(enumerate(names, start=1))
    sheets = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in numbered)
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n, _ in numbered
    )
    strings = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}'
        f'<Relationship Id="rId0" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
    }
