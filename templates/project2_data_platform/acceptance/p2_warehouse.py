"""What stands in the warehouse and among the rejects, and how it differs from what should."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from p2_defects import as_json
from p2_files import COLUMNS
from p2_platform import Imported, Ingestion, Json

from checks.acceptance import expect

SALE = ("transaction_id", "sold_at", *(name for name in COLUMNS if name not in ("transaction_id", "date")))


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
    """Import files (type, content, settings of the source) at the same time; whether they are completed is open."""
    sources = [ingestion.source(kind, processing) for kind, _, processing in files]
    jobs = [
        ingestion.upload(source, content, f"sales.{kind}")
        for source, (kind, content, _) in zip(sources, files, strict=True)
    ]
    return [Imported(source, ingestion.poll(job).last) for source, job in zip(sources, jobs, strict=True)]


def is_completed(imported: Imported, what: str) -> None:
    """Hold an import to its end."""
    expect((imported.job["status"], imported.job["errors"]), ("completed", []), f"{what} is imported within the time.")
