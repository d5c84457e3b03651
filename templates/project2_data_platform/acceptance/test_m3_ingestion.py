"""Milestone 3: files come in over HTTP, and a worker reads them."""

import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import httpx2
import p2_schema
import pytest
from p2_files import MEDIA_TYPES, csv_file, json_file, sales, tag, xlsx_file
from p2_platform import Ingestion, Json, Polled
from p2_samples import DIALECTS, FORMATS, MALFORMED, WRONG, File, dialects, in_pieces, malformed_files, same_rows

from checks.acceptance import expect, parallel

ORDER = ("pending", "processing", "validating", "completed")
UNKNOWN_ID = 9_000_000_000


def accepted(response: httpx2.Response | Exception) -> Json:
    """Hold the answer to an upload to a 202, and give the job."""
    if isinstance(response, Exception):
        raise response
    expect(response.status_code, 202, "A file is answered 202 with a job.")
    job: Json = response.json()
    return job


def is_problem(response: httpx2.Response | Exception, status: int, what: str) -> None:
    """Hold an answer to a problem with this status."""
    if isinstance(response, Exception):
        raise response
    expect(response.status_code, status, what)
    kind = response.headers.get("content-type", "").partition(";")[0]
    expect(kind, "application/problem+json", "Errors are application/problem+json (RFC 9457).")


def imports_of(app: Any, source: Json) -> int:
    """Count the imports of a source in the database."""
    found: int = app.sql("select count(*) from imports where source_id = %(id)s", id=source["id"])[0][0]
    return found


def hold_to_what_it_claims(app: Any, job: Json, expected: Sequence[tuple[Any, ...]]) -> None:
    """Rows that a job counts as processed are in the warehouse, as they were sent (see m4); others prove nothing."""
    counts = job["counts"]
    if counts["processed"] == 0 and counts["rejected"] == 0:
        return  # a pipeline that only reads, on the way to m4
    expect(
        counts["processed"] + counts["rejected"], counts["records"], "Once completed, records = processed + rejected."
    )
    stored = app.sql(
        "select transaction_id, product_name, total from warehouse.sales where transaction_id = any(%(ids)s)",
        ids=[row[0] for row in expected],
    )
    wrong = sorted(set(expected) ^ set(stored))[:4]
    expect(wrong, [], "What is counted as processed is in the warehouse, as it was sent.")


def as_stored(rows: Sequence[dict[str, str]]) -> list[tuple[str, str, Decimal]]:
    """Give what the warehouse holds of clean sales."""
    return [(row["transaction_id"], " ".join(row["product_name"].split()), Decimal(row["total"])) for row in rows]


# The upload and its job ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """One file, sent twice to one source."""

    source: Json
    name: str
    content: bytes
    rows: list[dict[str, str]]
    responses: list[httpx2.Response]


@pytest.fixture(scope="module")
def sent(ingestion: Ingestion, big_over: None) -> Sent:
    """Send a CSV of 500 rows, wait for its end, and send it again."""
    rows, name = sales(500, f"M3-{tag()}"), f"sales {tag()}.csv"
    found = Sent(ingestion.source(), name, csv_file(rows), rows, [])
    for _ in range(2):
        found.responses.append(ingestion.send(found.source, found.content, name))
        if found.responses[-1].status_code == 202:
            ingestion.poll(found.responses[-1].json())
    return found


def _is_accepted_at_once(sent: Sent, ingestion: Ingestion, app: Any, limits: Any) -> None:
    response = sent.responses[0]
    job = accepted(response)
    seconds = response.elapsed.total_seconds()
    assert seconds <= limits.upload_accepted_seconds, (
        f"An upload should be answered within {limits.upload_accepted_seconds} s; it took {seconds:.1f} s."
    )
    expect(str(uuid.UUID(job["id"])), job["id"], "A job's id is a UUID.")
    expect(response.headers.get("location"), f"/api/v1/jobs/{job['id']}", "Location is the path of the job.")
    fresh = {name: job[name] for name in ("kind", "status", "progress", "report_id", "errors", "completed_at")}
    wanted = {
        "kind": "import",
        "status": "pending",
        "progress": 0,
        "report_id": None,
        "errors": [],
        "completed_at": None,
    }
    expect(fresh, wanted, "The job of an upload begins as a pending import.")
    last = ingestion.finished(job, limits.job_seconds)
    expect(last["status"], "completed", f"500 rows are imported within {limits.job_seconds} s.")
    expect((last["progress"], last["counts"]["records"]), (100, 500), "A completed job has read all rows.")
    assert last["started_at"] <= last["completed_at"], "A completed job should say when it started and ended."
    hold_to_what_it_claims(app, last, as_stored(sent.rows))


def _is_recorded(sent: Sent, app: Any) -> None:
    jobs = [accepted(response) for response in sent.responses]
    rows = app.sql(
        "select id, file_name, size, sha256, job_id::text, status, records from imports where source_id = %(id)s"
        " order by id",
        id=sent.source["id"],
    )
    digest = hashlib.sha256(sent.content).hexdigest()
    wanted = [(job["import_id"], sent.name, len(sent.content), digest, job["id"], "completed", 500) for job in jobs]
    expect(rows, wanted, "Each upload, of the same file, too, is an import with the file's name, size and sha256.")
    assert jobs[0]["import_id"] != jobs[1]["import_id"], "The same file again should be a second import."


def _shows_progress(big_run: Any, limits: Any) -> None:
    accepted(big_run.response)
    answers = big_run.polled.answers
    expect(
        answers[-1]["status"], "completed", f"{limits.ingest_rows:,} rows are imported in {limits.ingest_seconds} s."
    )
    states = [ORDER.index(a["status"]) if a["status"] in ORDER else -1 for a in answers]
    expect(states, sorted(states), "The status only goes forward: pending, processing, validating, completed.")
    progress = [answer["progress"] for answer in answers]
    expect(progress, sorted(progress), "The progress never falls.")
    on_the_way = {answer["progress"] for answer in answers if answer["status"] != "completed"}
    assert len(on_the_way) >= 3, (
        f"The progress should have at least 3 different values while {limits.ingest_rows:,} rows are read; "
        f"asked {len(answers)} times, it was {sorted(on_the_way)} before the job was completed."
    )
    early = [answer for answer in answers if (answer["progress"] == 100) != (answer["status"] == "completed")]
    expect(early[:1], [], "The progress is 100 exactly when the job is completed.")


def _queue_is_down(outage: Any, ingestion: Ingestion, app: Any) -> None:
    is_problem(outage.upload, 503, "An upload that can't be queued is answered 503.")
    source = {"id": outage.source_id}
    waiting = app.sql(
        "select count(*) from imports where source_id = %(id)s and status not in ('failed')", id=outage.source_id
    )
    expect(waiting, [(0,)], "An upload that was answered 503 leaves no import behind that looks accepted.")
    accepted(ingestion.send(source["id"], csv_file(sales(1, f"M3-{tag()}"))))


def _refusal(status: int, source: Callable[[Ingestion], Json | int]) -> Callable[..., None]:
    def check(sent: Sent, ingestion: Ingestion, app: Any) -> None:
        accepted(sent.responses[0])
        target = source(ingestion)
        is_problem(ingestion.send(target, sent.content, sent.name), status, f"This upload is answered {status}.")
        if isinstance(target, dict):
            expect(imports_of(app, target), 0, "A refused upload leaves no import.")

    return check


UPLOADED: dict[str, Callable[..., None]] = {
    "unknown-source": _refusal(404, lambda _ingestion: UNKNOWN_ID),
    "inactive-source": _refusal(409, lambda ingestion: ingestion.source(active=False)),
    "api-source": _refusal(409, lambda ingestion: ingestion.source("api")),
}


@pytest.mark.parametrize("case", ["accepted", "recorded", "progress", *UPLOADED, "queue-down"])
def test_upload_becomes_job(
    case: str, sent: Sent, ingestion: Ingestion, app: Any, limits: Any, request: pytest.FixtureRequest
) -> None:
    """An upload is answered 202 with a job that shows progress.

    Files are sent to good and impossible sources, also while the queue is away, and their jobs are followed to the end.
    Accept fast, work in the background, show how far it is: the first real file takes longer than a browser waits.
    """
    if case == "accepted":
        _is_accepted_at_once(sent, ingestion, app, limits)
    elif case == "recorded":
        _is_recorded(sent, app)
    elif case == "progress":
        _shows_progress(request.getfixturevalue("big_run"), limits)
    elif case == "queue-down":
        _queue_is_down(request.getfixturevalue("outage"), ingestion, app)
    else:
        UPLOADED[case](sent, ingestion, app)


# Formats ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def arrived(ingestion: Ingestion) -> dict[str, tuple[File, httpx2.Response | Exception, Polled | None]]:
    """Send every file at once and follow each job to its end."""
    return _send_and_follow(ingestion, same_rows() | dialects())


def _send_and_follow(
    ingestion: Ingestion, files: dict[str, File]
) -> dict[str, tuple[File, httpx2.Response | Exception, Polled | None]]:
    sources = {name: ingestion.source(file.type, file.processing) for name, file in files.items()}
    sending = [partial(ingestion.send, sources[name], f.content, f"sales.{f.type}") for name, f in files.items()]
    answers = dict(zip(files, parallel(sending), strict=True))
    jobs = {
        name: ingestion.poll(answer.json())
        for name, answer in answers.items()
        if isinstance(answer, httpx2.Response) and answer.status_code == 202
    }
    return {name: (file, answers[name], jobs.get(name)) for name, file in files.items()}


@pytest.mark.parametrize("case", [*FORMATS, *DIALECTS])
def test_formats(
    case: str, arrived: dict[str, tuple[File, httpx2.Response | Exception, Polled | None]], app: Any, limits: Any
) -> None:
    """CSV, JSON and XLSX arrive with the same result.

    The same 500 rows arrive in each format, and smaller files in the ways in which real senders write them. Each row
    must be read, once, whatever the file looks like outside.
    """
    file, response, polled = arrived[case]
    accepted(response)
    assert polled is not None, "A file that is accepted should have a job."
    expect(
        (polled.last["status"], polled.last["errors"]),
        ("completed", []),
        f"A file of {len(file.rows)} rows ({case}) is imported within {limits.job_seconds} s.",
    )
    records = len(file.rows) + file.extra
    expect(polled.last["counts"]["records"], records, f"All {records} rows are read ({case}).")
    hold_to_what_it_claims(app, polled.last, as_stored(file.rows))
    if case in FORMATS:
        counts = {name: arrived[name][2].last["counts"] for name in FORMATS if arrived[name][2]}  # type: ignore[union-attr]
        expect(counts[case], counts.get("csv"), "The same rows have the same counts in each format.")


# Wrong types --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good_files(ingestion: Ingestion) -> dict[str, tuple[bytes, list[httpx2.Response]]]:
    """Send a good file of each type, by its media type and as `application/octet-stream`; its name tells, too."""
    row = sales(1, f"M3-{tag()}")
    contents = {"csv": csv_file(row), "json": json_file(row), "xlsx": xlsx_file(row)}
    found = {}
    for kind, content in contents.items():
        types = [MEDIA_TYPES[kind], "application/octet-stream", *(["text/plain"] if kind == "csv" else [])]
        source = ingestion.source(kind)
        found[kind] = (content, [ingestion.send(source, content, f"sales.{kind}", each) for each in types])
    return found


@pytest.mark.parametrize("case", list(WRONG))
def test_wrong_type(
    case: str, ingestion: Ingestion, app: Any, good_files: dict[str, tuple[bytes, list[httpx2.Response]]]
) -> None:
    """A wrong type is answered 415.

    Files that are not of the source's type by name, media type or first bytes are sent beside good ones. They are
    refused at the door, where the sender still listens, and leave nothing in the database.
    """
    kind, name, media_type, content = WRONG[case]
    good, answers = good_files[kind]
    expect(
        [a.status_code for a in answers], [202] * len(answers), f"A good file for a source of type {kind} is accepted."
    )
    source = ingestion.source(kind)
    before = p2_schema.raw_rows(app.sql)
    answer = ingestion.send(source, good if content is None else content, name, media_type)
    is_problem(answer, 415, f"{name} as {media_type} for a source of type {kind} is answered 415.")
    expect(imports_of(app, source), 0, "A file of the wrong type leaves no import.")
    expect(p2_schema.raw_rows(app.sql), before, "A file of the wrong type leaves no raw file.")


# Too large ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["with-length", "without-length", "exactly"])
def test_too_large(case: str, ingestion: Ingestion, app: Any, limits: Any) -> None:
    """A file over the limit is answered 413.

    20 MiB and one byte are sent, once without saying how much will come, and exactly 20 MiB. A limit that trusts the
    sender's Content-Length, or that looks after everything is in memory, is none.
    """
    source = ingestion.source()
    # Not UTF-8 from its first byte on, so that the file that is taken costs the worker nothing.
    content = b"\xff" * (limits.upload_bytes + (0 if case == "exactly" else 1))
    before = p2_schema.raw_rows(app.sql)
    with app.watch_memory("api") as memory:
        if case == "without-length":
            boundary = tag()
            answer = ingestion.api.post(
                f"/api/v1/data-sources/{source['id']}/uploads",
                content=in_pieces(content, boundary),
                headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
            )
        else:
            answer = ingestion.send(source, content)
    if case == "exactly":
        job = ingestion.finished(accepted(answer))
        rows = app.sql("select size from imports where id = %(id)s", id=job["import_id"])
        expect(rows, [(limits.upload_bytes,)], "A file of exactly 20 MiB is taken whole.")
        return
    is_problem(answer, 413, f"A file of {len(content):,} bytes is answered 413.")
    expect(imports_of(app, source), 0, "A file that is too large leaves no import.")
    expect(p2_schema.raw_rows(app.sql), before, "A file that is too large leaves no raw file.")
    grown = memory.peak - memory.before
    assert grown < limits.upload_memory_bytes, (
        f"The API's memory should grow by less than {limits.upload_memory_bytes >> 20} MiB while it refuses the file; "
        f"it grew by {grown / 2**20:.0f} MiB."
    )


# Malformed files ----------------------------------------------------------------------------------------------------


INTERNALS = re.compile(
    r"Traceback|File \"|\b[A-Z]\w*(?:Error|Exception|BadZipFile|Warning)\b|BadZipFile|\bpandas\b|openpyxl|zipfile|"
    r"ijson|sqlalchemy|psycopg|celery|0x[0-9a-f]{6}|\bcodec can't\b"
)


@dataclass(frozen=True)
class Malformed:
    """What became of the malformed files, and of a good one that came after them."""

    codes: dict[str, str]
    files: dict[str, tuple[File, httpx2.Response | Exception, Polled | None]]
    good: Polled | None


@pytest.fixture(scope="module")
def malformed(ingestion: Ingestion) -> Malformed:
    """Send every malformed file at once, follow their jobs, then send a good file."""
    made = malformed_files()
    files = _send_and_follow(ingestion, {name: file for name, (_, file) in made.items()})
    answer = ingestion.send(ingestion.source(), csv_file(sales(20, f"M3-{tag()}")))
    good = ingestion.poll(answer.json()) if answer.status_code == 202 else None
    return Malformed({name: code for name, (code, _) in made.items()}, files, good)


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_file(case: str, malformed: Malformed, app: Any) -> None:
    """A malformed file fails with a reason.

    Empty, cut, damaged and wrongly encoded files are sent, and a good one after them. A person has to act on the
    reason, so it speaks of the file and not of the library; and the worker goes on.
    """
    file, response, polled = malformed.files[case]
    accepted(response)
    assert polled is not None, "A file that is accepted should have a job."
    assert malformed.good is not None, "A good file after the malformed ones should be accepted."
    expect(malformed.good.last["status"], "completed", "A good file after the malformed ones is completed.")
    job = polled.last
    expect(job["status"], "failed", f"The job of a malformed file ({case}) is failed.")
    expect([error["code"] for error in job["errors"]][:1], [malformed.codes[case]], f"The reason's code ({case}).")
    message = job["errors"][0]["message"]
    assert len(message.split()) >= 3, f"The message should say what is wrong, in words; it is {message!r}."
    expect(INTERNALS.findall(message), [], f"The message speaks of the file, not of the code: {message!r}.")
    if malformed.codes[case] == "missing-columns":
        assert "unit_price" in message, f"The message should name the column that is missing; it is {message!r}."
    assert job["progress"] < 100, "A failed job is not at 100 %."
    assert job["completed_at"], "A failed job should say when it ended."
    rows = app.sql("select status, error from imports where id = %(id)s", id=job["import_id"])
    expect(rows[0][0], "failed", "The import is failed, too.")
    assert rows[0][1], "The import should have its error."
    stored = app.sql(
        "select count(*) from warehouse.sales where transaction_id = any(%(ids)s)",
        ids=[row["transaction_id"] for row in file.rows],
    )
    expect(stored, [(0,)], "A file that can't be read as a whole leaves no sales in the warehouse.")


# Memory -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["in-time", "memory"])
def test_memory(case: str, big_run: Any, app: Any, limits: Any) -> None:
    """100,000 rows are imported within the memory limit.

    A CSV of 13 MB is imported while the memory of the worker and all its children is sampled. Memory that grows with
    the file works in every test and fails with the first real customer.
    """
    accepted(big_run.response)
    last = big_run.polled.last
    expect(
        (last["status"], last["errors"]),
        ("completed", []),
        f"{limits.ingest_rows:,} rows are imported within {limits.ingest_seconds} s; "
        f"after {big_run.polled.seconds:.0f} s the job is at {last['progress']} %.",
    )
    expect(last["counts"]["records"], limits.ingest_rows, "All rows are read.")
    if last["counts"]["processed"] or last["counts"]["rejected"]:
        stored = app.sql(
            "select count(*), sum(total) from warehouse.sales where transaction_id like %(prefix)s",
            prefix=f"{big_run.file.prefix}-%",
        )
        expect(stored, [(limits.ingest_rows, big_run.file.total)], "What is counted as processed is in the warehouse.")
    if case == "memory":
        peak = big_run.memory.peak
        assert peak <= limits.worker_rss_bytes, (
            f"The worker and its children should stay within {limits.worker_rss_bytes >> 20} MiB; "
            f"the peak was {peak / 2**20:.0f} MiB."
        )
