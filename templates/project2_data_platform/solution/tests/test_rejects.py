"""Rejects over HTTP: as pages and as one CSV file."""

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from data_platform.operational import DataSource, Import, Reject

REASONS = [
    {"field": "quantity", "code": "out-of-range", "message": "must be between 1 and 1000000, was -2"},
    {"field": "unit_price", "code": "not-a-number", "message": "is not a decimal number: abc"},
]


@pytest.fixture
def path(session: Session) -> str:
    """Give the path of the rejects of an import that has none yet."""
    source = DataSource(name="Shop", type="csv", connection={}, processing={}, sync_frequency="manual", active=True)
    session.add(source)
    session.flush()
    record = Import(source_id=source.id, file_name="a.csv", size=1, sha256="0" * 64)
    session.add(record)
    session.flush()
    return f"/api/v1/imports/{record.id}/rejects"


def add(session: Session, path: str, row_number: int, raw: Any = None, reasons: list[dict[str, Any]] = REASONS) -> None:
    session.add(Reject(import_id=int(path.split("/")[4]), row_number=row_number, raw=raw, reasons=reasons))
    session.flush()


def test_rejects_are_paged_by_row_number(client: TestClient, session: Session, path: str) -> None:
    for number in (30, 17, 9):
        add(session, path, number, {"quantity": "-2"})
    first = client.get(path, params={"per_page": 2}).json()
    assert first == {
        "items": [
            {"row_number": 9, "raw": {"quantity": "-2"}, "reasons": REASONS},
            {"row_number": 17, "raw": {"quantity": "-2"}, "reasons": REASONS},
        ],
        "page": 1,
        "per_page": 2,
        "total": 3,
    }
    second = client.get(path, params={"per_page": 2, "page": 2}).json()
    assert [item["row_number"] for item in second["items"]] == [30]
    beyond = client.get(path, params={"per_page": 2, "page": 3}).json()
    assert (beyond["items"], beyond["total"]) == ([], 3)


def test_a_page_has_20_rows_unless_asked_and_100_at_most(client: TestClient, session: Session, path: str) -> None:
    for number in range(1, 102):
        add(session, path, number)
    assert len(client.get(path).json()["items"]) == 20
    assert len(client.get(path, params={"per_page": 100}).json()["items"]) == 100
    for query in ("per_page=101", "per_page=0", "page=0"):
        assert client.get(f"{path}?{query}").status_code == 422


def test_rejects_of_another_import_are_not_shown(client: TestClient, session: Session, path: str) -> None:
    add(session, path, 1)
    first = session.get_one(Import, int(path.split("/")[4]))
    other = Import(source_id=first.source_id, file_name="b.csv", size=1, sha256="0" * 64)
    session.add(other)
    session.flush()
    assert client.get(f"/api/v1/imports/{other.id}/rejects").json()["total"] == 0
    assert client.get(path).json()["total"] == 1


def lines(client: TestClient, path: str) -> list[list[str]]:
    response = client.get(path, headers={"Accept": "text/csv"}, params={"page": 7, "per_page": 1})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.headers["Content-Disposition"] == f'attachment; filename="rejects-{path.split("/")[4]}.csv"'
    return list(csv.reader(io.StringIO(response.text, newline="")))


def test_as_csv_all_rejects_come_in_one_file(client: TestClient, session: Session, path: str) -> None:
    add(session, path, 17, {"name": "Vögel"})
    add(session, path, 3, ["a", "b"], [{"field": None, "code": "malformed-row", "message": "has two cells"}])
    assert lines(client, path) == [
        ["row_number", "reasons", "raw"],
        ["3", ":malformed-row", '["a", "b"]'],
        ["17", "quantity:out-of-range; unit_price:not-a-number", '{"name": "Vögel"}'],
    ]


@pytest.mark.parametrize(
    ("raw", "cell"),
    [(-5, "'-5"), ("=1+1", '"=1+1"'), ({"a": "=1+1"}, '{"a": "=1+1"}'), (None, "null"), (7, "7")],
)
def test_no_cell_is_a_formula(client: TestClient, session: Session, path: str, raw: Any, cell: str) -> None:
    add(session, path, 1, raw)
    assert lines(client, path)[1][2] == cell


def test_without_rejects_there_is_a_header(client: TestClient, path: str) -> None:
    assert lines(client, path) == [["row_number", "reasons", "raw"]]
    assert client.get(path).json() == {"items": [], "page": 1, "per_page": 20, "total": 0}


@pytest.mark.parametrize("accept", ["text/csv", "application/json"])
def test_an_unknown_import_is_a_404(client: TestClient, accept: str) -> None:
    response = client.get("/api/v1/imports/4711/rejects", headers={"Accept": accept})
    assert (response.status_code, response.json()["detail"]) == (404, "There is no import 4711.")


def test_another_type_is_not_offered(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"Accept": "application/pdf"})
    assert response.status_code == 406
    assert response.json()["detail"] == "Offered are application/json and text/csv."
