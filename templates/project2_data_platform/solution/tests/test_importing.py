"""A file on its whole way: upload, worker, warehouse, and what the API says of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_platform.operational import Import, RawChunk
from data_platform.pipeline import rows
from data_platform.pipeline.loading import ReconciliationError, load
from data_platform.warehouse.models import Sale
from data_platform.worker import importing, stopping
from data_platform.worker.running import Outcome, advance, run
from tests.files import COLUMNS, csv_file, json_file, sale, xlsx_of

SOURCES = "/api/v1/data-sources"
TYPES = {
    "csv": ("a.csv", "text/csv"),
    "json": ("a.json", "application/json"),
    "xlsx": ("a.xlsx", "application/octet-stream"),
}


@pytest.fixture(autouse=True)
def no_wish_to_stop() -> Iterator[None]:
    yield
    stopping.withdraw()


def source(client: TestClient, kind: str = "csv", **processing: Any) -> int:
    body = {"name": str(uuid4()), "type": kind, "processing": processing}
    made: int = client.post(SOURCES, json=body).json()["id"]
    return made


def upload(client: TestClient, source_id: int, content: bytes, kind: str = "csv") -> str:
    name, media_type = TYPES[kind]
    response = client.post(f"{SOURCES}/{source_id}/uploads", files={"file": (name, content, media_type)})
    assert response.status_code == 202, response.text
    job_id: str = response.json()["id"]
    return job_id


def work(job_id: str) -> Outcome:
    return run(Import, UUID(job_id), importing.import_file)


def job(client: TestClient, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/jobs/{job_id}").json()
    return found


def imported(client: TestClient, content: bytes, kind: str = "csv", source_id: int | None = None) -> dict[str, Any]:
    job_id = upload(client, source(client, kind) if source_id is None else source_id, content, kind)
    work(job_id)
    return job(client, job_id)


def rejects(client: TestClient, done: dict[str, Any]) -> list[tuple[int, list[tuple[str, str]]]]:
    items = client.get(f"/api/v1/imports/{done['import_id']}/rejects", params={"per_page": 100}).json()["items"]
    return [(item["row_number"], [(r["field"], r["code"]) for r in item["reasons"]]) for item in items]


def sales(session: Session) -> list[tuple[Any, ...]]:
    session.rollback()
    names = [name for name in Sale.__table__.columns.keys() if name != "import_id"]  # noqa: SIM118
    return [tuple(row) for row in session.execute(select(*(getattr(Sale, n) for n in names)).order_by(names[0]))]


def sums(session: Session) -> tuple[int, Decimal]:
    session.rollback()
    row = session.execute(select(func.count(), func.sum(Sale.total)).select_from(Sale)).one()
    return row[0], row[1]


def test_a_file_becomes_sales_and_rejects_that_add_up(live_client: TestClient, lasting: Session) -> None:
    content = csv_file([sale(1), sale(2, quantity="0"), sale(3, total="1.00"), sale(4, total=""), sale(1)])
    done = imported(live_client, content)
    assert (done["status"], done["progress"], done["errors"]) == ("completed", 100, [])
    assert done["counts"] == {"records": 5, "processed": 2, "rejected": 3}
    assert done["created_at"] <= done["started_at"] <= done["completed_at"]
    assert rejects(live_client, done) == [
        (2, [("quantity", "out-of-range")]),
        (3, [("total", "does-not-add-up")]),
        (5, [("transaction_id", "duplicate")]),
    ]
    assert sums(lasting) == (2, Decimal("79.60"))
    record = lasting.get_one(Import, done["import_id"])
    assert (record.records, record.processed, record.rejected, record.error) == (5, 2, 3, None)


def test_the_three_formats_give_the_same(live_client: TestClient, lasting: Session) -> None:
    rows_of_all = [
        sale(1, region="  north  AMERICA ", payment_method="Bank Transfer", unit_price="$19.90"),
        sale(2, date="03/04/2026", product_id="", payment_method="cheque"),
        sale(3, date="2026-03-01 23:30", quantity="3.0", total="59.70"),
        sale(3),
    ]
    found = []
    for kind, content in (
        ("csv", csv_file(rows_of_all)),
        ("json", json_file(rows_of_all)),
        ("xlsx", xlsx_of(rows_of_all)),
    ):
        done = imported(live_client, content, kind)
        found.append((done["status"], done["counts"], rejects(live_client, done), sales(lasting)))
    assert found[0] == found[1] == found[2]
    assert found[0][1] == {"records": 4, "processed": 2, "rejected": 2}
    assert found[0][2] == [
        (2, [("date", "not-a-date"), ("product_id", "missing"), ("payment_method", "unknown-value")]),
        (4, [("transaction_id", "duplicate")]),
    ]
    assert found[0][3][0][5:7] == ("Books", 2)


def test_the_settings_of_the_source_are_used(live_client: TestClient, lasting: Session) -> None:
    source_id = source(live_client, delimiter=";", encoding="latin-1", timezone="Asia/Kolkata")
    content = csv_file([sale(1, date="2026-03-01", product_name="Vögel")], delimiter=";").decode().encode("latin-1")
    assert imported(live_client, content, source_id=source_id)["status"] == "completed"
    stored = lasting.scalars(select(Sale)).one()
    assert (stored.product_name, stored.sold_at) == ("Vögel", datetime.fromisoformat("2026-02-28T18:30:00Z"))


def test_a_sale_after_the_upload_is_in_the_future(live_client: TestClient) -> None:
    done = imported(live_client, csv_file([sale(1, date="2099-01-01")]))
    assert rejects(live_client, done) == [(1, [("date", "in-the-future")])]
    assert (done["status"], done["counts"]) == ("completed", {"records": 1, "processed": 0, "rejected": 1})


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"", "empty-file", "The file has no rows."),
        (csv_file([]), "empty-file", "The file has no rows."),
        (csv_file([sale(1)], COLUMNS[:8]), "missing-columns", "The file has no column unit_price, payment_method."),
        (csv_file([sale(1)]) + b"\xff", "unreadable-file", "Line 3 is not utf-8 text."),
    ],
)
def test_a_file_that_can_not_be_read_fails_with_its_reason(
    live_client: TestClient, lasting: Session, content: bytes, code: str, message: str
) -> None:
    done = imported(live_client, content)
    assert (done["status"], done["errors"]) == ("failed", [{"code": code, "message": message}])
    assert done["progress"] < 100
    assert done["completed_at"] is not None
    assert sums(lasting)[0] == 0
    assert rejects(live_client, done) == []
    assert imported(live_client, csv_file([sale(1)]))["status"] == "completed"


def test_a_file_that_breaks_in_the_middle_leaves_no_sales(
    live_client: TestClient, lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH_ROWS", 2)
    done = imported(live_client, csv_file([sale(number) for number in range(5)] + [sale(9, quantity="0")]) + b'"')
    assert (done["status"], done["errors"][0]["code"]) == ("failed", "unreadable-file")
    assert done["counts"] == {"records": 6, "processed": 0, "rejected": 0}
    assert sums(lasting)[0] == 0
    assert rejects(live_client, done) == []
    assert lasting.scalar(select(func.count()).select_from(RawChunk)) == 1


def test_the_same_file_twice_changes_no_total(live_client: TestClient, lasting: Session) -> None:
    content = csv_file([sale(number) for number in range(100)] + [sale(200, quantity="x")])
    source_id = source(live_client)
    first = imported(live_client, content, source_id=source_id)
    before = sums(lasting)
    second = imported(live_client, content, source_id=source_id)
    assert sums(lasting) == before == (100, Decimal("3980.00"))
    assert first["counts"] == second["counts"] == {"records": 101, "processed": 100, "rejected": 1}
    assert first["import_id"] != second["import_id"]


def test_a_later_file_corrects_an_earlier_one(live_client: TestClient, lasting: Session) -> None:
    imported(live_client, csv_file([sale(number) for number in range(100)]))
    imported(live_client, csv_file([sale(number, quantity="1", total="19.90") for number in range(10)]))
    assert sums(lasting) == (100, Decimal("3781.00"))


def test_two_overlapping_files_at_once_change_no_total(live_client: TestClient, lasting: Session) -> None:
    source_id = source(live_client)
    for _ in range(2):
        jobs = [
            upload(live_client, source_id, csv_file([sale(number) for number in numbers]))
            for numbers in (range(600), range(899, 299, -1))
        ]
        with ThreadPoolExecutor(2) as workers:
            assert list(workers.map(work, jobs)) == [Outcome.SUCCESS, Outcome.SUCCESS]
        assert [job(live_client, job_id)["counts"]["processed"] for job_id in jobs] == [600, 600]
        assert sums(lasting) == (900, Decimal("35820.00"))


def test_progress_moves_with_each_batch_and_states_only_go_forward(
    live_client: TestClient, lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH_ROWS", 1000)
    job_id = upload(live_client, source(live_client), csv_file([sale(number) for number in range(4000)]))
    seen: list[tuple[str, int, int]] = []

    def watched(session: Session, record: Import, progress: int) -> None:
        advance(session, record, progress)
        found = job(live_client, job_id)
        seen.append((found["status"], found["progress"], found["counts"]["records"]))

    monkeypatch.setattr(importing, "advance", watched)
    assert work(job_id) == Outcome.SUCCESS
    assert [status for status, _, _ in seen] == ["processing"] * 4 + ["validating"]
    assert [records for _, _, records in seen] == [1000, 2000, 3000, 4000, 4000]
    progress = [percent for _, percent, _ in seen]
    assert progress == sorted(progress)
    assert 15 <= progress[0] <= 30
    assert progress[3:] == [90, 90]


def test_a_worker_that_ends_in_the_middle_leaves_the_rest_to_the_next(
    live_client: TestClient, lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH_ROWS", 2)
    content = csv_file([sale(number) for number in range(6)] + [sale(9, quantity="0")])
    job_id = upload(live_client, source(live_client), content)
    stopping.request()
    assert work(job_id) == Outcome.RETRY
    interrupted = job(live_client, job_id)
    assert (interrupted["status"], interrupted["counts"]["records"]) == ("processing", 2)
    assert sums(lasting)[0] == 0
    stopping.withdraw()
    assert work(job_id) == Outcome.SUCCESS
    done = job(live_client, job_id)
    assert (done["status"], done["counts"]) == ("completed", {"records": 7, "processed": 6, "rejected": 1})
    assert rejects(live_client, done) == [(7, [("quantity", "out-of-range")])]
    assert sums(lasting) == (6, Decimal("238.80"))


def test_what_does_not_reconcile_fails_and_stores_nothing(
    live_client: TestClient, lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*arguments: Any) -> None:
        load(*arguments)
        raise ReconciliationError("accepted 1, stored 2")

    monkeypatch.setattr(importing, "load", wrong)
    done = imported(live_client, csv_file([sale(1), sale(2, quantity="0")]))
    assert (done["status"], done["progress"]) == ("failed", 90)
    message = "What was stored is not what was accepted, so nothing was kept: accepted 1, stored 2."
    assert done["errors"] == [{"code": "internal", "message": message}]
    assert sums(lasting)[0] == 0
    assert rejects(live_client, done) == []


def test_a_file_in_many_pieces_is_put_together(
    live_client: TestClient, lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_platform.imports.CHUNK_BYTES", 7)
    assert imported(live_client, csv_file([sale(1), sale(2)]))["counts"]["processed"] == 2
    assert len(lasting.scalars(select(RawChunk.id)).all()) > 40
