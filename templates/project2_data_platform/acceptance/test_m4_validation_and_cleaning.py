"""Milestone 4: each row ends in exactly one of two places, and uploading a file again changes nothing."""

import csv
import io
import json
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

import httpx2
import p2_cleaning
import p2_rules
import pytest
from p2_cleaning import CLEANING, Cleaned
from p2_defects import GROUPS, Defective, as_json, defective
from p2_files import csv_file, json_file, sales, tag, total_of
from p2_platform import Imported, Ingestion, Json
from p2_warehouse import all_at_once, by_row, expect_alike, in_warehouse, is_completed, warehouse

from checks.acceptance import expect, parallel

FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
    expect_alike(
        actual, expected, f"Rows with known defects ({group}) are rejects, raw as they came, with these reasons."
    )


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


@pytest.fixture(scope="module")
def cleaned(app: Any, ingestion: Ingestion) -> dict[str, Cleaned]:
    """Import the values of the rules' tables, each by itself and mixed."""
    return p2_cleaning.clean(app, ingestion)


@pytest.mark.parametrize("case", CLEANING)
def test_cleaning(case: str, cleaned: dict[str, Cleaned]) -> None:
    """What can be repaired is repaired, and nothing else.

    Each value of the rules' tables is imported by itself, and many of them mixed at random. Repairing too little
    rejects good rows; repairing too much invents data.
    """
    found = cleaned[case]
    expect_alike(
        found.actual, found.expected, f"Each value ({case}) is stored as the rules say, or refused as they say."
    )


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
        {**row, "quantity": chance.choice(["none", "-2", "2.5", ""]), "unit_price": chance.choice(["=1+1", "@x"]),
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
    expect(api.get(refused.url).status_code, 200, "Rejects are served as pages.")
    items = ingestion.rejects(refused.imported.id)
    header, *lines = _as_csv(api, refused.url)
    expect(header, ["row_number", "reasons", "raw"], "The CSV's columns.")
    expect(len(lines), sum(not _good(record) for record in refused.records), "The CSV has a line for every reject.")
    expect(
        [int(line[0]) for line in lines],
        [item["row_number"] for item in items],
        "The lines are in the order of the rows.",
    )
    for line, item in zip(lines, items, strict=True):
        reasons = [reason.rpartition(":") for reason in line[1].split("; ")]
        told = [(name if colon and name != "null" else "", code) for name, colon, code in reasons]
        wanted = [(reason["field"] or "", reason["code"]) for reason in item["reasons"]]
        expect(told, wanted, f"Line {line[0]} has its reasons as `field:code`, joined by `; `.")
        expect(
            as_json(json.loads(_unquoted(line[2]))), as_json(item["raw"]), f"Line {line[0]} has its raw record as JSON."
        )


def _unquoted(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _formulas_are_harmless(api: httpx2.Client, refused: Refused) -> None:
    _, *lines = _as_csv(api, refused.url)
    negative = next(record for record in refused.records if isinstance(record, int) and record is not True)
    number = refused.records.index(negative) + 1
    cell = {int(line[0]): line[2] for line in lines}.get(number)
    expect(
        cell,
        f"'{negative}",
        f"The raw record {negative} is a cell that begins with `-`: an apostrophe is put before it.",
    )
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
        expect(
            [state for _, state in twice.same],
            [expected, expected],
            "Count and sum after the first and the second time.",
        )
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
    half_read: Imported
    half_read_prefix: str


@pytest.fixture(scope="module")
def cents(ingestion: Ingestion) -> Cents:
    """Import 10,000 prices such as 0.10, some totals given, some not; and a file that can't be read to its end."""
    prefix, chance = f"M4-{tag()}", random.Random(secrets.token_bytes(16))
    rows, total, gross = sales(10_000, prefix), Decimal(), Decimal()
    for row in rows:
        quantity, price, tax = chance.choice((1, 1, 3, 7)), Decimal(chance.randint(1, 99)) / 100, Decimal("0.01")
        row |= {"quantity": str(quantity), "unit_price": f"{price:.2f}", "discount": "0.00", "tax": "0.01"}
        row["total"] = chance.choice(("", f"{quantity * price + tax:.2f}"))
        total, gross = total + quantity * price + tax, gross + quantity * price
    half = f"M4-{tag()}"
    broken = csv_file(sales(2_500, half)) + b'M4-last,"\xff\xfe'
    imports = all_at_once(ingestion, [("csv", csv_file(rows), None), ("csv", broken, None)])
    return Cents(imports[0], prefix, total, gross, imports[1], half)


@pytest.mark.parametrize("case", ["cents", "counts", "half-read"])
def test_reconciliation(case: str, cents: Cents, app: Any) -> None:
    """Counts and sums reconcile to the cent.

    10,000 prices such as 0.10 are imported and added up, and the counts of every import of this grading are compared
    with its rows. A difference of one cent is a bug, and everyone who uses the numbers will find it.
    """
    is_completed(cents.imported, "A file of 10,000 rows")
    if case == "cents":
        counts = {"records": 10_000, "processed": 10_000, "rejected": 0}
        expect(cents.imported.job["counts"], counts, "All 10,000 rows are processed.")
        query = "select count(*), sum(total), sum(quantity * unit_price) from warehouse.sales"
        expect(
            app.sql(f"{query} where transaction_id like %(prefix)s", prefix=f"{cents.prefix}-%"),
            [(10_000, cents.total, cents.gross)],
            "The sums in the warehouse equal the decimal sums.",
        )
        return
    if case == "half-read":
        job = cents.half_read.job
        expect(job["status"], "failed", "A file whose last line is not text is not imported.")
        stored = in_warehouse(app, cents.half_read_prefix)
        expect(stored, (0, Decimal()), "Of the 2,500 good rows before that line none is in the warehouse.")
        return
    rows = app.sql(
        "select i.id, i.records, i.processed, i.rejected, (select count(*) from rejects r where r.import_id = i.id)"
        " from imports i where i.status = 'completed'"
    )
    assert cents.imported.id in {row[0] for row in rows}, "The table `imports` should have the completed import."
    wrong = [row for row in rows if row[1] != row[2] + row[3] or row[3] != row[4]]
    expect(wrong, [], "For each completed import (id, records, processed, rejected, rows in `rejects`): "
           "records = processed + rejected, and as many rejects are kept.")  # fmt: skip
