"""Files in which each row has one value that needs cleaning, or must be left alone; and what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import p2_rules
from p2_files import csv_file, json_file, sales, tag, xlsx_file
from p2_platform import Imported, Ingestion
from p2_warehouse import SALE, all_at_once, by_row

CLEANING = (
    *p2_rules.REPAIRS,
    "total",
    "identifiers",
    "times-in-zone",
    "json-numbers",
    "xlsx-numbers",
    "delimiter-and-encoding",
    "mixture",
)


@dataclass
class Cleaned:
    """Rows that were imported together: what was sent, and what became of each, by its name."""

    expected: dict[str, Any] = field(default_factory=dict)
    actual: dict[str, Any] = field(default_factory=dict)


def _became(app: Any, ingestion: Ingestion, imported: Imported, ids: Sequence[str]) -> list[Any]:
    """Give for each row, by its transaction id, the sale or the reasons of its reject."""
    if not imported.completed:
        return [f"its job is {imported.job['status']}: {imported.job['errors']}"] * len(ids)
    rejects = {number: reject["reasons"] for number, reject in by_row(ingestion.rejects(imported.id)).items()}
    rows = app.sql(f"select {', '.join(SALE)} from warehouse.sales where transaction_id = any(%(ids)s)", ids=list(ids))
    stored = {row[0]: dict(zip(SALE, row, strict=True)) for row in rows}
    return [rejects.get(number) or stored.get(id_) for number, id_ in enumerate(ids, start=1)]


def _number_rows(prefix: str, cases: Mapping[str, tuple[Mapping[str, Any], Any]]) -> list[dict[str, Any]]:
    """Give a record for each case: a plain row in which numbers are numbers, with its changes."""
    plain = {"quantity": 1, "unit_price": Decimal(5), "discount": None, "tax": None, "total": None}
    return [
        {**row, **plain, **changes} for row, (changes, _) in zip(sales(len(cases), prefix), cases.values(), strict=True)
    ]


# What is sent and what is stored; a change to the class `Ellipsis` leaves the key out.
JSON_NUMBERS: dict[str, tuple[dict[str, Any], Any]] = {
    "a tenth": (
        {"quantity": 3, "unit_price": Decimal("0.1"), "total": Decimal("0.3")},
        {"unit_price": Decimal("0.10"), "total": Decimal("0.30")},
    ),
    "zeros after": (
        {"unit_price": Decimal("12.500"), "quantity": Decimal("3.0")},
        {"quantity": 3, "total": Decimal("37.50")},
    ),
    "the highest": ({"unit_price": Decimal("9999999.99")}, {"unit_price": Decimal("9999999.99")}),
    "numbers as text": ({"unit_price": "$7.10", "quantity": "2"}, {"total": Decimal("14.20")}),
    "null": ({"category": None, "tax": None}, {"category": "Unknown", "tax": Decimal("0.00")}),
    "no key": ({"region": ..., "discount": ...}, {"region": "Unknown", "discount": Decimal("0.00")}),
    "more digits than a float has": ({"unit_price": Decimal("9.990000000000000001")}, [("unit_price", "too-precise")]),
    "three places": ({"unit_price": Decimal("12.505")}, [("unit_price", "too-precise")]),
    "a half": ({"quantity": Decimal("2.5")}, [("quantity", "not-an-integer")]),
    "no required key": (
        {"payment_method": ..., "product_id": ...},
        [("product_id", "missing"), ("payment_method", "missing")],
    ),
}
SHEET_NUMBERS: dict[str, tuple[dict[str, Any], Any]] = {
    "a sum of binary fractions": ({"unit_price": "0.30000000000000004"}, {"unit_price": Decimal("0.30")}),
    "a product of them": ({"unit_price": "3.3000000000000003", "quantity": 2}, {"total": Decimal("6.60")}),
    "a total just below": ({"unit_price": "19.99", "total": "19.989999999999998"}, {"total": Decimal("19.99")}),
    "a whole number": ({"quantity": "3.0", "unit_price": 4}, {"quantity": 3, "total": Decimal("12.00")}),
    "three places": ({"unit_price": "12.505"}, [("unit_price", "too-precise")]),
    "a half": ({"quantity": "2.5"}, [("quantity", "not-an-integer")]),
    "negative": ({"unit_price": "-0.01"}, [("unit_price", "out-of-range")]),
}
# The text of the total of a row that comes to 1234.50, and what it is taken for.
TOTALS: tuple[tuple[str, Any], ...] = (
    ("", Decimal("1234.50")),
    ("1234.5", Decimal("1234.50")),
    ("$1,234.50", Decimal("1234.50")),
    (" 1234.500 ", Decimal("1234.50")),
    ("1234.51", [("total", "does-not-add-up")]),
    ("1.234,50", [("total", "not-a-number")]),
    ("0", [("total", "does-not-add-up")]),
)
IDENTIFIERS = ("transaction_id", "customer_id", "product_id")


class _Digits:
    """A number cell with exactly these digits (a float in Python could not hold them apart)."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def clean(app: Any, ingestion: Ingestion) -> dict[str, Cleaned]:
    """Import files in which each row has one value that needs cleaning, or must be left alone."""
    prefix = f"M4-{tag()}"
    singles = p2_rules.one_by_one(f"{prefix}a")
    mixed = p2_rules.mixture(400, f"{prefix}b")
    zoned = [{**row, "date": text} for row, (text, _) in
             zip(sales(len(p2_rules.BERLIN_TIMES), f"{prefix}c"), p2_rules.BERLIN_TIMES, strict=True)]  # fmt: skip
    json_rows = [{n: v for n, v in row.items() if v is not ...} for row in _number_rows(f"{prefix}d", JSON_NUMBERS)]
    sheet_rows = [
        {name: _Digits(cell) if name in ("quantity", "unit_price", "total") and isinstance(cell, str) else cell
         for name, cell in row.items()}
        for row in _number_rows(f"{prefix}e", SHEET_NUMBERS)
    ]  # fmt: skip
    totals = [
        {**row, "quantity": "1", "unit_price": "1234.50", "discount": "0", "tax": "0", "total": text}
        for row, (text, _) in zip(sales(len(TOTALS), f"{prefix}f"), TOTALS, strict=True)
    ]
    ids = _identifier_rows(f"{prefix}g")
    foreign = [{**row, "product_name": f"Café; {n} Straße"} for n, row in enumerate(sales(5, f"{prefix}h"))]
    imports = all_at_once(
        ingestion,
        [
            ("csv", csv_file(p2_rules.clean_rows(list(singles.values()))), None),
            ("csv", csv_file(p2_rules.clean_rows(mixed)), None),
            ("csv", csv_file(zoned), {"timezone": "Europe/Berlin"}),
            ("json", json_file(json_rows), None),
            ("xlsx", xlsx_file(sheet_rows), None),
            ("csv", csv_file(totals), None),
            ("csv", csv_file([sent for sent, _ in ids]), None),
            ("csv", csv_file(foreign, delimiter=";", encoding="latin-1"), {"delimiter": ";", "encoding": "latin-1"}),
        ],
    )

    def became(number: int, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        return _became(app, ingestion, imports[number], [row["transaction_id"].strip() for row in rows])

    found: dict[str, Cleaned] = {}
    results = became(0, [row.raw for row in singles.values()])
    for ((column, text), row), result in zip(singles.items(), results, strict=True):
        name = "sold_at" if column == "date" else column
        part = found.setdefault(column, Cleaned())
        part.expected[text] = row.sale[name] if row.sale else row.reasons
        part.actual[text] = result[name] if isinstance(result, dict) else result
    found["mixture"] = Cleaned(
        {row.raw["transaction_id"]: row.sale or row.reasons for row in mixed},
        dict(zip([r.raw["transaction_id"] for r in mixed], became(1, [r.raw for r in mixed]), strict=True)),
    )
    found["times-in-zone"] = Cleaned(
        dict(p2_rules.BERLIN_TIMES),
        {row["date"]: _only(result, "sold_at") for row, result in zip(zoned, became(2, zoned), strict=True)},
    )
    found["json-numbers"] = _numbers(JSON_NUMBERS, became(3, json_rows))
    found["xlsx-numbers"] = _numbers(SHEET_NUMBERS, became(4, sheet_rows))
    found["total"] = Cleaned(
        dict(TOTALS),
        {row["total"]: _only(result, "total") for row, result in zip(totals, became(5, totals), strict=True)},
    )
    found["identifiers"] = Cleaned(
        {sent["product_name"]: stored for sent, stored in ids},
        {
            sent["product_name"]: tuple(result[n] for n in IDENTIFIERS) if isinstance(result, dict) else result
            for (sent, _), result in zip(ids, became(6, [sent for sent, _ in ids]), strict=True)
        },
    )
    found["delimiter-and-encoding"] = Cleaned(
        {row["transaction_id"]: row["product_name"] for row in foreign},
        {
            row["transaction_id"]: _only(result, "product_name")
            for row, result in zip(foreign, became(7, foreign), strict=True)
        },
    )
    return found


def _only(result: Any, name: str) -> Any:
    return result[name] if isinstance(result, dict) else result


def _numbers(cases: Mapping[str, tuple[Mapping[str, Any], Any]], results: Sequence[Any]) -> Cleaned:
    found = Cleaned()
    for (name, (_, wanted)), result in zip(cases.items(), results, strict=True):
        found.expected[name] = wanted
        both = isinstance(wanted, dict) and isinstance(result, dict)
        found.actual[name] = {column: result[column] for column in wanted} if both else result
    return found


def _identifier_rows(prefix: str) -> list[tuple[dict[str, str], tuple[str, ...]]]:
    """Give rows with white space around and inside their ids, and ids of exactly 64 characters."""
    around, inside, longest = sales(3, prefix)
    names = {name: around[name] for name in IDENTIFIERS}
    long_ids = {name: f"{longest[name]}-".ljust(64, "x") for name in IDENTIFIERS}
    return [
        (
            {**around, **{name: f" \u00a0{text}\t" for name, text in names.items()}, "product_name": "around"},
            tuple(names.values()),
        ),
        (
            {**inside, "customer_id": f"{prefix} a  b", "product_name": "inside"},
            (inside["transaction_id"], f"{prefix} a  b", inside["product_id"]),
        ),
        (
            {**longest, **{name: f"  {text} " for name, text in long_ids.items()}, "product_name": "longest"},
            tuple(long_ids.values()),
        ),
    ]
