"""Milestone 4: each row ends in exactly one of two places, and uploading a file again changes nothing."""

import csv
import io
import json
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from functools import partial
from typing import Any

import httpx2
import p2_rules
import pytest
from p2_defects import GROUPS, Defective, as_json, defective
from p2_files import COLUMNS, csv_file, json_file, sales, tag, total_of, xlsx_file
from p2_platform import Imported, Ingestion, Json

from checks.acceptance import expect, parallel

SALE = ("transaction_id", "sold_at", *(name for name in COLUMNS if name not in ("transaction_id", "date")))
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def warehouse(app: Any, prefix: str) -> dict[str, dict[str, Any]]:
    """Give the sales in the warehouse whose ids begin with a prefix."""
    rows = app.sql(
        f"select {', '.join(SALE)} from warehouse.sales where transaction_id like %(prefix)s", prefix=f"{prefix}%"
    )
    found = {row[0]: dict(zip(SALE, row, strict=True)) for row in rows}
    return {name: sale | {"sold_at": sale["sold_at"].astimezone(UTC)} for name, sale in found.items()}


def in_warehouse(app: Any, prefix: str) -> tuple[int, Decimal]:
    """Give the number and the sum of the sales in the warehouse whose ids begin with a prefix."""
    query = "select count(*), coalesce(sum(total), 0) from warehouse.sales where transaction_id like %(prefix)s"
    count, total = app.sql(query, prefix=f"{prefix}-%")[0]
    return count, total


def by_row(rejects: Sequence[Json]) -> dict[int, dict[str, Any]]:
    """Give rejects by row number, reasons as pairs of field and code."""
    return {
        reject["row_number"]: {
            "reasons": [(reason["field"], reason["code"]) for reason in reject["reasons"]],
            "raw": as_json(reject["raw"]),
        }
        for reject in rejects
    }


def differing(actual: Any, expected: Any, most: int = 3) -> tuple[Any, Any]:
    """Give of two values what differs, at most so many entries of a mapping: a report is read by a person."""
    if not (isinstance(actual, Mapping) and isinstance(expected, Mapping)):
        return actual, expected
    keys = [key for key in (*expected, *(key for key in actual if key not in expected))
            if key not in actual or key not in expected or actual[key] != expected[key]][:most]  # fmt: skip
    pairs = {key: differing(actual.get(key), expected.get(key)) for key in keys}
    return {key: found for key, (found, _) in pairs.items()}, {key: wanted for key, (_, wanted) in pairs.items()}


def expect_alike(actual: Mapping[Any, Any], expected: Mapping[Any, Any], sentence: str) -> None:
    """Hold one mapping to another; the report shows the first differences alone."""
    found, wanted = differing(actual, expected)
    expect(found, wanted, sentence)


def all_at_once(ingestion: Ingestion, files: Sequence[tuple[str, bytes, Json | None]]) -> list[Imported]:
    """Import files (type, content, settings of the source), all at the same time; whether they were completed is open."""
    sources = [ingestion.source(kind, processing) for kind, _, processing in files]
    jobs = [
        ingestion.upload(source, content, f"sales.{kind}")
        for source, (kind, content, _) in zip(sources, files, strict=True)
    ]
    return [Imported(source, ingestion.poll(job).last) for source, job in zip(sources, jobs, strict=True)]


def is_completed(imported: Imported, what: str) -> None:
    """Hold an import to its end."""
    expect((imported.job["status"], imported.job["errors"]), ("completed", []), f"{what} is imported within the time.")


# Known rejects ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """The file with the known defects in one format, imported; its rejects as the API has them."""

    file: Defective
    imported: Imported
    rejects: dict[int, dict[str, Any]]


@pytest.fixture(scope="module")
def known(ingestion: Ingestion) -> dict[str, Known]:
    """Import the file with 40 known defects in each format."""
    files = {kind: defective(kind) for kind in ("csv", "json", "xlsx")}
    imports = all_at_once(ingestion, [(kind, file.content, None) for kind, file in files.items()])
    return {
        kind: Known(file, imported, by_row(ingestion.rejects(imported.id)) if imported.completed else {})
        for (kind, file), imported in zip(files.items(), imports, strict=True)
    }


def _group_is_rejected(found: Known, group: str) -> None:
    numbers = [number for number, name in found.file.groups.items() if name == group]
    expected = {number: found.file.rejects[number] for number in numbers}
    actual = {number: found.rejects[number] for number in numbers if number in found.rejects}
    expect_alike(actual, expected, f"Rows with known defects ({group}) are rejects, raw as they came, with these reasons.")


def _every_other_row_is_a_sale(found: Known, app: Any) -> None:
    others = {number: reject for number, reject in found.rejects.items() if number not in found.file.rejects}
    expect_alike(others, {}, "Rows without a defect are no rejects.")
    expect_alike(warehouse(app, found.file.prefix), found.file.sales, "Every row without a defect is in the warehouse.")
    rejected = len(found.file.rejects)
    counts = {"records": found.file.rows, "processed": found.file.rows - rejected, "rejected": rejected}
    expect(found.imported.job["counts"], counts, "The job counts rows, sales and rejects.")
    kept = app.sql("select count(*) from rejects where import_id = %(id)s", id=found.imported.id)
    expect(kept, [(rejected,)], "The table `rejects` has a row for each.")


def _without_empty_cells(rejects: Mapping[int, Any]) -> dict[int, Any]:
    """An empty cell of a sheet may be null, empty text, or not there."""
    return {
        number: {**reject, "raw": {name: cell for name, cell in reject["raw"].items() if cell != ""}}
        for number, reject in rejects.items()
        if isinstance(reject["raw"], dict)
    }


@pytest.mark.parametrize("case", [*GROUPS, "every-other-row", "json", "xlsx"])
def test_known_rejects(case: str, known: dict[str, Known], app: Any) -> None:
    """A file with known defects yields exactly the known rejects.

    A file of about 100 rows, 40 of them with known defects in unknown places, is imported as CSV, JSON and XLSX. A
    pipeline that guesses is wrong without anybody noticing; one that drops a row has lost somebody's sale.
    """
    found = known.get(case, known["csv"])
    is_completed(found.imported, "The file with known defects")
    if case in GROUPS:
        _group_is_rejected(found, case)
        return
    if case != "every-other-row":
        actual, expected = found.rejects, found.file.rejects
        if case == "xlsx":
            actual, expected = _without_empty_cells(actual), _without_empty_cells(expected)
        expect_alike(actual, expected, f"The {case.upper()} has exactly the known rejects.")
    _every_other_row_is_a_sale(found, app)


# Cleaning -----------------------------------------------------------------------------------------------------------


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
    plain = {"quantity": 1, "unit_price": Decimal("5"), "discount": None, "tax": None, "total": None}
    return [{**row, **plain, **changes} for row, (changes, _) in zip(sales(len(cases), prefix), cases.values(), strict=True)]


# What is sent and what is stored; a change to the class `Ellipsis` leaves the key out.
JSON_NUMBERS: dict[str, tuple[dict[str, Any], Any]] = {
    "a tenth": (
        {"quantity": 3, "unit_price": Decimal("0.1"), "total": Decimal("0.3")},
        {"unit_price": Decimal("0.10"), "total": Decimal("0.30")},
    ),
    "zeros after": ({"unit_price": Decimal("12.500"), "quantity": Decimal("3.0")}, {"quantity": 3, "total": Decimal("37.50")}),
    "the highest": ({"unit_price": Decimal("9999999.99")}, {"unit_price": Decimal("9999999.99")}),
    "numbers as text": ({"unit_price": "$7.10", "quantity": "2"}, {"total": Decimal("14.20")}),
    "null": ({"category": None, "tax": None}, {"category": "Unknown", "tax": Decimal("0.00")}),
    "no key": ({"region": ..., "discount": ...}, {"region": "Unknown", "discount": Decimal("0.00")}),
    "more digits than a float has": ({"unit_price": Decimal("9.990000000000000001")}, [("unit_price", "too-precise")]),
    "three places": ({"unit_price": Decimal("12.505")}, [("unit_price", "too-precise")]),
    "a half": ({"quantity": Decimal("2.5")}, [("quantity", "not-an-integer")]),
    "no required key": ({"payment_method": ..., "product_id": ...}, [("product_id", "missing"), ("payment_method", "missing")]),
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


@pytest.fixture(scope="module")
def cleaned(app: Any, ingestion: Ingestion) -> dict[str, Cleaned]:
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
        dict(TOTALS), {row["total"]: _only(result, "total") for row, result in zip(totals, became(5, totals), strict=True)}
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


@pytest.mark.parametrize("case", CLEANING)
def test_cleaning(case: str, cleaned: dict[str, Cleaned]) -> None:
    """What can be repaired is repaired, and nothing else.

    Each value of the rules' tables is imported by itself, and many of them mixed at random. Repairing too little
    rejects good rows; repairing too much invents data.
    """
    found = cleaned[case]
    expect_alike(found.actual, found.expected, f"Each value ({case}) is stored as the rules say, or refused as they say.")


# Rejects as pages and as CSV ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    """An import with more rejects than fit on two pages, and what was sent."""

    imported: Imported
    records: list[Any]
    url: str


@pytest.fixture(scope="module")
def refused(ingestion: Ingestion) -> Refused:
    """Import a JSON file of which most records are to be rejected, some of them with formulas in them."""
    chance = random.Random(secrets.token_bytes(16))
    rows: list[Any] = [
        {**row, "quantity": chance.choice(["none", "-2", "2.5", ""]), "unit_price": chance.choice(["=1+1", "@x", "1e3"]),
         "region": '+cmd|" /C calc"!A0'}
        for row in sales(chance.randint(215, 240), f"M4-{tag()}")
    ]  # fmt: skip
    rows += [-chance.randint(2, 99), "=1+1", "-2", "@SUM(A1)", [chance.randint(1, 9), "=2"], None, True]
    rows += sales(10, f"M4-{tag()}")
    chance.shuffle(rows)
    imported = all_at_once(ingestion, [("json", json_file(rows), None)])[0]
    return Refused(imported, rows, f"/api/v1/imports/{imported.id}/rejects")


def _good(record: Any) -> bool:
    return isinstance(record, dict) and record["region"] in ("North", "South", "East", "West")


def _as_csv(api: httpx2.Client, url: str) -> list[list[str]]:
    answer = api.get(url, headers={"Accept": "text/csv"})
    expect(answer.status_code, 200, "Rejects are served as CSV.")
    kind = answer.headers.get("content-type", "").partition(";")[0]
    expect(kind, "text/csv", "The answer to `Accept: text/csv` is text/csv.")
    return list(csv.reader(io.StringIO(answer.content.decode(), newline="")))


def _pages_are_right(api: httpx2.Client, refused: Refused) -> None:
    wanted = {number: as_json(record) for number, record in enumerate(refused.records, start=1) if not _good(record)}
    answers = [api.get(refused.url, params={"per_page": 100, "page": page}) for page in (1, 2, 3, 4)]
    expect([a.status_code for a in answers], [200] * 4, "Each page can be read, one past the end, too.")
    bodies = [answer.json() for answer in answers]
    sizes = [100, 100, len(wanted) - 200, 0]
    expect([len(body["items"]) for body in bodies], sizes, "Pages have `per_page` items; one past the end is empty.")
    expect([body["total"] for body in bodies], [len(wanted)] * 4, "`total` counts the rejects of all pages.")
    items = [item for body in bodies for item in body["items"]]
    numbers = [item["row_number"] for item in items]
    expect(numbers, sorted(wanted), "Rejects are in the order of the rows, each once.")
    expect_alike({i["row_number"]: as_json(i["raw"]) for i in items}, wanted, "Each reject has its raw record.")
    assert all(reason["message"].strip() for item in items for reason in item["reasons"]), "Reasons are told in words."
    default = api.get(refused.url).json()
    expect((len(default["items"]), default["per_page"]), (20, 20), "A page has 20 items when nobody says how many.")


def _impossible_pages_are_refused(api: httpx2.Client, refused: Refused) -> None:
    expect(api.get(refused.url, params={"per_page": 100}).status_code, 200, "`per_page` may be 100.")
    answers = {
        "per_page=101": 422,
        "page=0": 422,
    }
    found = {query: api.get(f"{refused.url}?{query}").status_code for query in answers}
    expect(found, answers, "Impossible pages are answered 422.")
    expect(api.get("/api/v1/imports/9000000000/rejects").status_code, 404, "An unknown import is answered 404.")
    pdf = api.get(refused.url, headers={"Accept": "application/pdf"})
    expect(pdf.status_code, 406, "A media type that isn't offered is answered 406.")


def _csv_is_the_same_list(api: httpx2.Client, ingestion: Ingestion, refused: Refused) -> None:
    items = ingestion.rejects(refused.imported.id)
    header, *lines = _as_csv(api, refused.url)
    expect(header, ["row_number", "reasons", "raw"], "The CSV's columns.")
    expect(len(lines), sum(not _good(record) for record in refused.records), "The CSV has a line for every reject.")
    expect([int(line[0]) for line in lines], [item["row_number"] for item in items], "The lines are in the order of the rows.")
    for line, item in zip(lines, items, strict=True):
        reasons = [reason.rpartition(":") for reason in line[1].split("; ")]
        told = [(name if colon and name != "null" else "", code) for name, colon, code in reasons]
        wanted = [(reason["field"] or "", reason["code"]) for reason in item["reasons"]]
        expect(told, wanted, f"Line {line[0]} has its reasons as `field:code`, joined by `; `.")
        expect(as_json(json.loads(_unquoted(line[2]))), as_json(item["raw"]), f"Line {line[0]} has its raw record as JSON.")


def _unquoted(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _formulas_are_harmless(api: httpx2.Client, refused: Refused) -> None:
    _, *lines = _as_csv(api, refused.url)
    negative = next(record for record in refused.records if isinstance(record, int) and record is not True)
    number = refused.records.index(negative) + 1
    cell = {int(line[0]): line[2] for line in lines}.get(number)
    expect(cell, f"'{negative}", f"The raw record {negative} is a cell that begins with `-`: an apostrophe is put before it.")
    run = [cell for line in lines for cell in line if cell.startswith(FORMULA)]
    expect(run, [], "No cell begins with a character that a spreadsheet takes for a formula.")


@pytest.mark.parametrize("case", ["pages", "impossible-pages", "csv", "formulas"])
def test_rejects_as_csv(case: str, api: httpx2.Client, ingestion: Ingestion, refused: Refused) -> None:
    """Rejects are served as pages and as CSV.

    More than 200 rejects, formulas among them, are read page by page and as one file. The list is what the sender needs
    to repair the file, and the spreadsheet in which they open it must not run what somebody typed into a record.
    """
    is_completed(refused.imported, "A JSON file with rejects")
    if case == "pages":
        _pages_are_right(api, refused)
    elif case == "impossible-pages":
        _impossible_pages_are_refused(api, refused)
    elif case == "csv":
        _csv_is_the_same_list(api, ingestion, refused)
    else:
        _formulas_are_harmless(api, refused)


# The same file twice ------------------------------------------------------------------------------------------------


@dataclass
class Twice:
    """A file that was imported twice, and one that was corrected: the state of the warehouse after each import."""

    prefix: str
    rows: list[dict[str, str]]
    rejected: int
    same: list[tuple[Imported, tuple[int, Decimal]]] = field(default_factory=list)
    corrections: list[Imported] = field(default_factory=list)
    first: list[dict[str, str]] = field(default_factory=list)
    corrected: list[dict[str, str]] = field(default_factory=list)
    states: list[dict[str, dict[str, Any]]] = field(default_factory=list)


@pytest.fixture(scope="module")
def twice(app: Any, ingestion: Ingestion) -> Twice:
    """Import a file twice; and another one, its corrections, and itself again."""
    rows = sales(300, f"M4-{tag()}")
    bad = [{**row, "quantity": "none"} for row in sales(7, f"M4-{tag()}")]
    found = Twice(rows[0]["transaction_id"].rpartition("-")[0], rows, len(bad))
    found.first = sales(100, f"M4-{tag()}")
    changed = {row["transaction_id"] for row in random.SystemRandom().sample(found.first, 10)}
    found.corrected = [_corrected(row) for row in found.first if row["transaction_id"] in changed]
    source, other = ingestion.source(), ingestion.source()
    same, first, corrections = csv_file([*rows, *bad]), csv_file(found.first), csv_file(found.corrected)
    prefix = found.first[0]["transaction_id"].rpartition("-")[0]
    for same_again, content in ((same, first), (same, corrections), (None, first)):
        jobs = [ingestion.upload(source, same_again)] if same_again else []
        correcting = ingestion.upload(other, content)
        for job in jobs:
            found.same.append((Imported(source, ingestion.poll(job).last), in_warehouse(app, found.prefix)))
        found.corrections.append(Imported(other, ingestion.poll(correcting).last))
        found.states.append(warehouse(app, f"{prefix}-"))
    return found


def _corrected(row: Mapping[str, str]) -> dict[str, str]:
    price = Decimal(row["unit_price"]) + 1
    total = int(row["quantity"]) * price - Decimal(row["discount"]) + Decimal(row["tax"])
    return {**row, "unit_price": f"{price:.2f}", "total": f"{total:.2f}", "product_name": "Corrected", "region": "West"}


@pytest.mark.parametrize("case", ["same-file", "corrections", "first-file-again"])
def test_same_file_twice(case: str, twice: Twice, app: Any) -> None:
    """Uploading the same file twice changes no total.

    A file is imported twice, another one is corrected by a second and then sent once more. Running twice without harm
    is what makes every retry, redelivery and second click safe.
    """
    if case == "same-file":
        for imported, _ in twice.same:
            is_completed(imported, "The file, each time,")
        expected = (300, total_of(twice.rows))
        expect([state for _, state in twice.same], [expected, expected], "Count and sum after the first and the second time.")
        counts = {"records": 300 + twice.rejected, "processed": 300, "rejected": twice.rejected}
        jobs = [imported for imported, _ in twice.same]
        expect([imported.job["counts"] for imported in jobs], [counts, counts], "Both imports have the same counts.")
        query = "select count(*) from rejects where import_id = %(id)s"
        kept = [app.sql(query, id=imported.id)[0][0] for imported in jobs]
        expect(kept, [twice.rejected] * 2, "Each import has its own rejects.")
        return
    for imported in twice.corrections:
        is_completed(imported, "Each of the three files")
    first, corrected, again = twice.states
    before = {row["transaction_id"]: p2_rules.stored(row) for row in twice.first}
    after = before | {row["transaction_id"]: p2_rules.stored(row) for row in twice.corrected}
    expect_alike(first, before, "The first file's 100 sales are in the warehouse.")
    expect_alike(corrected, after, "After the second file there are 100 sales, ten of them with the later values.")
    if case == "first-file-again":
        expect_alike(again, before, "A later import replaces an earlier one, also when its file has been there before.")


# Overlapping files --------------------------------------------------------------------------------------------------


@dataclass
class Overlap:
    """Two files sent at once, three times over: their jobs and the warehouse after each round."""

    total: Decimal
    jobs: list[list[Json]] = field(default_factory=list)
    states: list[tuple[int, Decimal]] = field(default_factory=list)
    deadlocks: int = 0


def _deadlocks(app: Any) -> int:
    found: int = app.sql("select deadlocks from pg_stat_database where datname = current_database()")[0][0]
    return found


@pytest.fixture(scope="module")
def overlap(app: Any, ingestion: Ingestion) -> Overlap:
    """Send two files of 5,000 rows that share 2,500, the second in the reverse order, at once and three times over."""
    prefix = f"M4-{tag()}"
    rows = sales(7_500, prefix, customers=60, products=25)
    files = [csv_file(rows[:5_000]), csv_file(list(reversed(rows[2_500:])))]
    sources = [ingestion.source(), ingestion.source()]
    found, before = Overlap(total_of(rows)), _deadlocks(app)
    for _ in range(3):
        sent = parallel([partial(ingestion.upload, s, content) for s, content in zip(sources, files, strict=True)])
        for answer in sent:
            if isinstance(answer, Exception):
                raise answer
        found.jobs.append([ingestion.finished(job) for job in sent if not isinstance(job, Exception)])
        found.states.append(in_warehouse(app, prefix))
    found.deadlocks = _deadlocks(app) - before
    return found


@pytest.mark.parametrize("round_number", [1, 2, 3])
def test_overlapping_files(round_number: int, overlap: Overlap) -> None:
    """Two overlapping files at once change no total.

    Two files of 5,000 rows that share 2,500, in opposite order, are sent at the same moment, three times over. Two
    workers that lock the same rows in different orders wait for each other for ever.
    """
    jobs = overlap.jobs[round_number - 1]
    expect([job["status"] for job in jobs], ["completed"] * 2, f"Both jobs of round {round_number} are completed.")
    counts = {"records": 5_000, "processed": 5_000, "rejected": 0}
    expect([job["counts"] for job in jobs], [counts] * 2, "Every row of both files is processed.")
    state = overlap.states[round_number - 1]
    expect(state, (7_500, overlap.total), f"After round {round_number} there are 7,500 sales, right to the cent.")
    expect(overlap.deadlocks, 0, "PostgreSQL had to break no deadlock, in all three rounds.")


# Reconciliation -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cents:
    """10,000 sales of prices that no binary fraction can hold."""

    imported: Imported
    prefix: str
    total: Decimal
    gross: Decimal


@pytest.fixture(scope="module")
def cents(ingestion: Ingestion) -> Cents:
    """Import 10,000 prices such as 0.10, some totals given, some left to be computed."""
    prefix, chance = f"M4-{tag()}", random.Random(secrets.token_bytes(16))
    rows, total, gross = sales(10_000, prefix), Decimal(), Decimal()
    for row in rows:
        quantity, price, tax = chance.choice((1, 1, 3, 7)), Decimal(chance.randint(1, 99)) / 100, Decimal("0.01")
        row |= {"quantity": str(quantity), "unit_price": f"{price:.2f}", "discount": "0.00", "tax": "0.01"}
        row["total"] = chance.choice(("", f"{quantity * price + tax:.2f}"))
        total, gross = total + quantity * price + tax, gross + quantity * price
    return Cents(all_at_once(ingestion, [("csv", csv_file(rows), None)])[0], prefix, total, gross)


@pytest.mark.parametrize("case", ["cents", "counts"])
def test_reconciliation(case: str, cents: Cents, app: Any) -> None:
    """Counts and sums reconcile to the cent.

    10,000 prices such as 0.10 are imported and added up, and the counts of every import of this grading are compared
    with its rows. A difference of one cent is a bug, and everyone who uses the numbers will find it.
    """
    is_completed(cents.imported, "A file of 10,000 rows")
    if case == "cents":
        counts = {"records": 10_000, "processed": 10_000, "rejected": 0}
        expect(cents.imported.job["counts"], counts, "All 10,000 rows are processed.")
        query = (
            "select count(*), sum(total), sum(quantity * unit_price) from warehouse.sales where transaction_id like %(p)s"
        )
        expect(
            app.sql(query, p=f"{cents.prefix}-%"),
            [(10_000, cents.total, cents.gross)],
            "The sums in the warehouse equal the decimal sums.",
        )
        return
    rows = app.sql(
        "select i.id, i.records, i.processed, i.rejected, (select count(*) from rejects r where r.import_id = i.id)"
        " from imports i where i.status = 'completed'"
    )
    assert cents.imported.id in {row[0] for row in rows}, "The table `imports` should have the completed import."
    wrong = [row for row in rows if row[1] != row[2] + row[3] or row[3] != row[4]]
    expect(wrong, [], "For each completed import (id, records, processed, rejected, rows in `rejects`): "
           "records = processed + rejected, and as many rejects are kept.")  # fmt: skip
