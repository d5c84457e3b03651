"""Uploads over HTTP: what is taken, kept and queued, and what is refused without a trace."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data_platform import imports, queue
from data_platform.api import uploads
from data_platform.operational import Import, RawChunk
from data_platform.queue import QueueUnavailableError
from tests.files import csv_file, sale, xlsx_of

SOURCES = "/api/v1/data-sources"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Messages = Callable[[], list[tuple[str, list[str], str | None]]]
CONTENT = csv_file([sale(1)])


def source(client: TestClient, kind: str = "csv", **fields: Any) -> int:
    body = {"name": str(uuid4()), "type": kind, **fields}
    made: int = client.post(SOURCES, json=body).json()["id"]
    return made


def upload(
    client: TestClient,
    source_id: int,
    content: bytes = CONTENT,
    name: str = "march.csv",
    media_type: str = "text/csv",
) -> Response:
    files = {"file": (name, content, media_type)}
    return client.post(f"{SOURCES}/{source_id}/uploads", files=files)


def kept(session: Session) -> tuple[int, int]:
    """Give how many imports and pieces of raw files there are."""
    session.rollback()
    return (
        session.scalar(select(func.count()).select_from(Import)) or 0,
        session.scalar(select(func.count()).select_from(RawChunk)) or 0,
    )


def test_an_upload_is_a_job_that_waits(live_client: TestClient, lasting: Session, messages: Messages) -> None:
    source_id = source(live_client)
    live_client.headers["X-Request-Id"] = "upload-1"
    response = upload(live_client, source_id)
    job = response.json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    (record,) = lasting.scalars(select(Import))
    assert job == {
        "id": str(record.job_id),
        "kind": "import",
        "status": "pending",
        "progress": 0,
        "counts": {"records": 0, "processed": 0, "rejected": 0},
        "import_id": record.id,
        "report_id": None,
        "errors": [],
        "created_at": job["created_at"],
        "started_at": None,
        "completed_at": None,
    }
    assert live_client.get(response.headers["Location"]).json() == job
    assert messages() == [("import_file", [job["id"]], "upload-1")]
    assert record.request_id == "upload-1"


def test_the_file_is_kept_as_it_came(
    live_client: TestClient, lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK_BYTES", 10)
    content = bytes(range(256)) * 2
    assert upload(live_client, source(live_client), content).status_code == 202
    (record,) = lasting.scalars(select(Import))
    assert (record.file_name, record.size) == ("march.csv", 512)
    assert record.sha256 == hashlib.sha256(content).hexdigest()
    pieces = lasting.scalars(select(RawChunk).order_by(RawChunk.number)).all()
    assert [piece.number for piece in pieces] == list(range(52))
    assert b"".join(piece.content for piece in pieces) == content


def test_the_same_file_again_is_a_second_import(live_client: TestClient, lasting: Session) -> None:
    source_id = source(live_client)
    first, second = (upload(live_client, source_id).json() for _ in range(2))
    assert first["import_id"] != second["import_id"]
    assert kept(lasting) == (2, 2)


def test_an_empty_file_is_taken_and_fails_later(live_client: TestClient, lasting: Session) -> None:
    assert upload(live_client, source(live_client), b"").status_code == 202
    assert kept(lasting) == (1, 0)


@pytest.mark.parametrize(
    ("kind", "name", "media_type"),
    [
        ("csv", "a.csv", "text/csv"),
        ("csv", "A.CSV", "TEXT/CSV; charset=utf-8"),
        ("csv", "a.csv", "application/csv"),
        ("csv", "a.csv", "application/vnd.ms-excel"),
        ("csv", "a.csv", "text/plain"),
        ("csv", "a.csv", "application/octet-stream"),
        ("csv", "a.b.csv", ""),
        ("json", "a.json", "application/json"),
        ("json", "a.json", "application/octet-stream"),
        ("xlsx", "a.xlsx", XLSX),
        ("xlsx", "a.xlsx", "application/octet-stream"),
    ],
)
def test_what_fits_the_source_is_taken(client: TestClient, kind: str, name: str, media_type: str) -> None:
    content = xlsx_of([sale(1)]) if kind == "xlsx" else CONTENT
    assert upload(client, source(client, kind), content, name, media_type).status_code == 202


@pytest.mark.parametrize(
    ("kind", "file", "detail"),
    [
        ("csv", ("logo.png", b"\x89PNG", "image/png"), "This source takes csv; logo.png is image/png."),
        ("csv", ("a.csv", CONTENT, "image/png"), "This source takes csv; a.csv is image/png."),
        ("csv", ("a.json", b"[]", "application/json"), "This source takes csv; a.json is application/json."),
        ("csv", ("a.json", CONTENT, "text/csv"), "This source takes csv; a.json is text/csv."),
        ("csv", ("a.json", CONTENT, ""), "This source takes csv; a.json has no media type."),
        ("csv", ("csv", CONTENT, "text/csv"), "This source takes csv; csv is text/csv."),
        (
            "csv",
            ("a.xlsx", CONTENT, "application/octet-stream"),
            "This source takes csv; a.xlsx is application/octet-stream.",
        ),
        ("json", ("a.json", b"[]", "text/plain"), "This source takes json; a.json is text/plain."),
        ("xlsx", ("a.xlsx", CONTENT, XLSX), "This source takes xlsx; a.xlsx is no workbook."),
        ("xlsx", ("a.xlsx", b"", XLSX), "This source takes xlsx; a.xlsx is no workbook."),
        ("xlsx", ("a.xlsx", b"PK\x03\x04", "application/zip"), "This source takes xlsx; a.xlsx is application/zip."),
    ],
)
def test_what_does_not_fit_the_source_is_a_415(
    live_client: TestClient, lasting: Session, kind: str, file: tuple[str, bytes, str], detail: str
) -> None:
    name, content, media_type = file
    response = upload(live_client, source(live_client, kind), content, name, media_type)
    assert (response.status_code, response.json()["detail"]) == (415, detail)
    assert kept(lasting) == (0, 0)


def test_a_file_may_have_20_mib_and_not_a_byte_more(live_client: TestClient, lasting: Session) -> None:
    source_id = source(live_client)
    largest = b"x" * 20_971_520
    assert upload(live_client, source_id, largest).status_code == 202
    assert kept(lasting) == (1, 20)
    response = upload(live_client, source_id, largest + b"x")
    assert response.status_code == 413
    assert response.json()["detail"] == "A file may have 20971520 bytes at most."
    assert kept(lasting) == (1, 20)


def body_of(content: bytes) -> Iterator[bytes]:
    """Give a multipart body piece by piece: sent like this, its length is not known before."""
    yield b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
    yield b"Content-Type: text/csv\r\n\r\n"
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]
    yield b"\r\n--frontier--\r\n"


def stream(client: TestClient, source_id: int, size: int, **headers: str) -> Response:
    return client.post(
        f"{SOURCES}/{source_id}/uploads",
        content=body_of(b"x" * size),
        headers={"Content-Type": "multipart/form-data; boundary=frontier", **headers},
    )


def test_bytes_are_counted_as_they_arrive(live_client: TestClient, lasting: Session) -> None:
    source_id = source(live_client)
    assert stream(live_client, source_id, 20_971_520).status_code == 202
    assert stream(live_client, source_id, 20_971_521).status_code == 413
    assert stream(live_client, source_id, 22_000_000).status_code == 413
    assert kept(lasting) == (1, 20)


def test_a_body_that_says_it_is_too_large_is_not_read_into_a_form(
    live_client: TestClient, lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_MOST_BODY_BYTES", 1000)
    source_id = source(live_client)
    assert stream(live_client, source_id, 10, **{"Content-Length": "1001"}).status_code == 413
    assert stream(live_client, source_id, 10, **{"Content-Length": "1000"}).status_code == 202


def test_a_body_without_end_is_not_read_to_its_end(live_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_MOST_BODY_BYTES", 1000)
    monkeypatch.setattr(uploads, "_MOST_DRAINED_BYTES", 200_000)
    source_id = source(live_client)
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1000
            yield b"x" * 1000

    response = live_client.post(
        f"{SOURCES}/{source_id}/uploads",
        content=endless(),
        headers={"Content-Type": "multipart/form-data; boundary=frontier"},
    )
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("files", "data", "field"),
    [
        ({"other": ("a.csv", CONTENT, "text/csv")}, None, "file"),
        (None, {"file": "no file, just text"}, "file"),
        (None, None, "file"),
    ],
)
def test_a_form_without_a_file_is_a_422(client: TestClient, files: Any, data: Any, field: str) -> None:
    response = client.post(f"{SOURCES}/{source(client)}/uploads", files=files, data=data)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=frontier", b"no frontier here"),
        (
            "multipart/form-data; boundary=frontier",
            b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="a\x00.csv"\r\n\r\nx\r\n--frontier--',
        ),
        (
            "multipart/form-data; boundary=frontier",
            b"--frontier\r\nContent-Disposition: form-data\r\n\r\nx\r\n--frontier--",
        ),
    ],
)
def test_a_broken_form_is_a_422(client: TestClient, content_type: str, body: bytes) -> None:
    path = f"{SOURCES}/{source(client)}/uploads"
    response = client.post(path, content=body, headers={"Content-Type": content_type})
    assert response.status_code == 422


def test_two_files_at_once_are_refused(client: TestClient) -> None:
    files = [("file", ("a.csv", CONTENT, "text/csv")), ("file", ("b.csv", CONTENT, "text/csv"))]
    response = client.post(f"{SOURCES}/{source(client)}/uploads", files=files)
    assert response.status_code == 422


def test_a_long_name_keeps_its_end(live_client: TestClient, lasting: Session) -> None:
    upload(live_client, source(live_client), name="x" * 300 + ".csv")
    assert lasting.scalars(select(Import.file_name)).one() == "x" * 251 + ".csv"


def test_an_unknown_source_is_a_404(client: TestClient) -> None:
    response = upload(client, 4711)
    assert (response.status_code, response.json()["detail"]) == (404, "There is no data source 4711.")


def test_an_inactive_source_takes_no_uploads(client: TestClient) -> None:
    response = upload(client, source(client, active=False))
    assert (response.status_code, response.json()["detail"]) == (409, "The source is inactive.")


def test_an_api_takes_no_uploads(client: TestClient) -> None:
    response = upload(client, source(client, "api", connection={"url": "https://partner.example"}))
    assert (response.status_code, response.json()["detail"]) == (409, "A source of type api takes no uploads.")


def test_a_source_with_imports_can_not_be_deleted(client: TestClient) -> None:
    source_id = source(client)
    upload(client, source_id)
    response = client.delete(f"{SOURCES}/{source_id}")
    assert response.status_code == 409
    assert response.json()["detail"] == "Something was imported from this source; set it to inactive instead."
    assert client.get(f"{SOURCES}/{source_id}").status_code == 200


def test_without_a_queue_nothing_is_accepted(
    live_client: TestClient, lasting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_arguments: object, **_options: object) -> None:
        raise QueueUnavailableError("The job could not be queued. Try again later.")

    monkeypatch.setattr(queue, "send", down)
    response = upload(live_client, source(live_client))
    assert (response.status_code, response.json()["detail"]) == (503, "The job could not be queued. Try again later.")
    assert kept(lasting) == (0, 0)


def test_an_unknown_job_is_a_404(client: TestClient) -> None:
    job_id = uuid4()
    response = client.get(f"/api/v1/jobs/{job_id}")
    assert (response.status_code, response.json()["detail"]) == (404, f"There is no job {job_id}.")


def test_an_impossible_job_is_a_422(client: TestClient) -> None:
    response = client.get("/api/v1/jobs/7")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "id"


def test_ids_of_jobs_can_not_be_guessed(client: TestClient) -> None:
    assert UUID(upload(client, source(client)).json()["id"]).version == 4
