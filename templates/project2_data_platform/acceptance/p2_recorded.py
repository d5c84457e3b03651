"""An import with one reject, for scenarios that must not wait for m3."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

import p2_schema
import psycopg
from p2_files import csv_file, sales, tag
from p2_platform import UPLOADS, Ingestion, Json
from p2_tables import IMPORT_COLUMNS, REJECT_COLUMNS

from checks.acceptance import blocked, expect


@dataclass(frozen=True)
class Recorded:
    """An import with one reject: by an upload where uploads work, else written into the tables by the grader."""

    source: Json
    file_name: str
    transaction: str
    import_id: int


def record(app: Any, ingestion: Ingestion) -> Recorded:
    """Have a file imported that holds one good row and one that is to be rejected."""
    for table, wanted in (("imports", IMPORT_COLUMNS), ("rejects", REJECT_COLUMNS)):
        have = p2_schema.columns(app.sql, "public", table)
        assert have, f"There should be a table {table}."
        expect(p2_schema.missing(have, wanted), [], f"The table {table} has the columns that m2.1 names.")
    whose, name = ingestion.source(), f"sales-{tag()}.csv"
    good, bad = sales(2, f"M2-{tag()}")
    content = csv_file([good, {**bad, "quantity": "none"}])
    response = ingestion.send(whose, content, name)
    if response.status_code == 202:
        job = ingestion.poll(response.json()).last
        if job["counts"]["rejected"] == 1:
            return Recorded(whose, name, bad["transaction_id"], job["import_id"])
        if job["import_id"] is not None:
            reject = {"import_id": job["import_id"], "row_number": 2}
            return Recorded(whose, name, _rejected(app, bad, **reject), job["import_id"])
    import_id = _stored(
        app, "imports", source_id=whose["id"], file_name=name, size=len(content), records=0, processed=0, rejected=0,
        sha256=hashlib.sha256(content).hexdigest(), status="pending", error="", job_id=str(uuid.uuid4()),
    )  # fmt: skip
    return Recorded(whose, name, _rejected(app, bad, import_id=import_id, row_number=2), import_id)


def _rejected(app: Any, row: dict[str, str], **values: Any) -> str:
    reasons = [{"field": "quantity", "code": "not-a-number", "message": "is not a number: none"}]
    _stored(app, "rejects", raw=json.dumps(row), reasons=json.dumps(reasons), **values)
    return row["transaction_id"]


def _stored(app: Any, table: str, **values: Any) -> int:
    try:
        return p2_schema.insert(app.sql, table, **values)
    except psycopg.Error as problem:
        blocked(
            f"no row could be put into {table} ({str(problem).splitlines()[0]}), and no upload makes one", by=UPLOADS
        )
