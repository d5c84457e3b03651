"""A backlog: uploads that wait for a worker, a message that comes twice, and two workers at once."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import p2_database
import p2_operations
from p2_figures import Sale, as_csv
from p2_files import tag
from p2_interruptions import OVER, START_SECONDS, ended
from p2_platform import Ingestion
from p2_reports import Reports
from p2_schedule import night_sales

from checks.acceptance import expect

Json = dict[str, Any]
REJECTS = 2  # of each file


@dataclass(frozen=True)
class Repeated:
    """A completed import whose message was delivered once more, after one of its sales had been corrected."""

    messages: int
    job: Json
    job_again: Json
    corrected: Sale
    stored: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Built:
    """A report whose worker was killed, with date and revenue of its days: as CSV, and as they should be."""

    state: Json
    lines: list[list[str]]
    days: list[list[str]]

    def is_completed_once(self) -> None:
        """Judge it."""
        expect(self.state["status"], "completed", "The report should be completed by the next worker.")
        expect(self.lines, self.days, "It should hold each day once.")


@dataclass(frozen=True)
class Backlog:
    """Uploads that waited for a worker, the first with its message doubled, and how two workers dealt with them."""

    report: Built
    jobs: list[Json]
    sales: list[list[Sale]]
    doubled: int
    deepest: float
    depths_return: bool
    stored: list[tuple[Any, ...]]
    imports: list[tuple[Any, ...]]
    rejects: list[list[int]]
    repeated: Repeated

    def double_is_done_once(self) -> None:
        """Judge the file whose message came twice at once, and the one whose message came again later."""
        seen = self.doubled and self.repeated.messages
        assert seen, "The message of an upload should wait in a list of Redis while there is no worker."
        found = self.jobs[0]["status"], self.jobs[0]["counts"]
        expect(found, ("completed", self._counts()), "A file whose message came twice should be completed once.")
        expect(self.rejects[0], [1, 2], "Its rejects should be there once.")
        again = self.repeated
        expect(again.job["status"], "completed", "A file that is uploaded should be completed.")
        expect(again.job_again, again.job, "A message that comes again later should leave the completed job as it is.")
        expect(
            again.stored,
            p2_database.as_rows([again.corrected]),
            "A message that comes again later should not undo what was corrected meanwhile.",
        )

    def each_is_completed_once(self) -> None:
        """Judge all files together."""
        number = len(self.jobs)
        ends = [(job["status"], job["counts"]) for job in self.jobs]
        expect(ends, [("completed", self._counts())] * number, f"Each of {number} uploads should be completed.")
        expect(self.imports, [("completed",)] * number, "Each upload should be one import.")
        expect(self.rejects, [[1, 2]] * number, "Each import should have its rejects once.")
        right = p2_database.as_rows([sale for sales in self.sales for sale in sales])
        found = len(self.stored), len(set(right) ^ set(self.stored))
        expect(found, (len(right), 0), "Each sale of each file should be stored, and nothing else.")

    def _counts(self) -> dict[str, int]:
        count = len(self.sales[0])
        return {"records": count + REJECTS, "processed": count, "rejected": REJECTS}


def work_off(app: Any, ingestion: Ingestion, limits: Any) -> Backlog:
    """Kill the worker while it builds a report; upload 20 files and more; double a message; start two workers."""
    reports = Reports(ingestion.api, limits.report_seconds)
    prefix = f"M8{tag()}-BACK"
    number = min(200, max(20, 8 + 8 * (os.cpu_count() or 1)))  # more than two workers can take at once
    files = [small_file(f"{prefix}{n:03d}") for n in range(number)]
    source = ingestion.source()
    with p2_database.nobody_reads_sales(app):
        report = reports.order("2009-04-01", "2009-04-30")
        _settles(lambda: reports.state(report)["status"] == "processing", 3)
        p2_database.await_lock(app, START_SECONDS, "a report is built from the sales")
        app.kill("worker")
    first, double = _upload_and_see_message(app, ingestion, source, files[0][1])
    for queue, message in double:
        p2_operations.publish_again(app.redis, queue, message)
    old_sales = night_sales(f"M8{tag()}-OLD", [date(2009, 5, 1), date(2009, 5, 2)])
    old, old_messages = _upload_and_see_message(app, ingestion, ingestion.source(), as_csv(old_sales))
    jobs = [first, *(ingestion.upload(source, content) for _, content in files[1:])]
    app.start("worker", ready=False)
    with app.another("worker", ready=False) as second:
        watch = p2_operations.DepthWatch(app.url("worker"), second.url)
        deadline = time.monotonic() + limits.task_recovered_seconds
        ends = [ended(ingestion, job, deadline - time.monotonic()) or job for job in (*jobs, old)]
        depths_return = _settles(lambda: watch.seen[-1:] == [0], 5)
        watch.stop()
        repeated = _repeat(app, ingestion, ends[-1], old_messages, replace(old_sales[0], quantity=77))
        _settles(lambda: reports.state(report)["status"] in OVER, deadline - time.monotonic(), 0.2)
    return Backlog(
        _seen(reports, report),
        ends[:-1],
        [sales for sales, _ in files],
        len(double),
        max(watch.seen, default=0),
        depths_return,
        p2_database.sales(app, prefix),
        app.sql("select status from imports where source_id = %(id)s", id=source["id"]),
        [[reject["row_number"] for reject in ingestion.rejects(job["import_id"])] for job in jobs],
        repeated,
    )


def _seen(reports: Reports, report: Json) -> Built:
    """Give a report as it is now, with its days in CSV and as the analytics have them."""
    state = reports.state(report)
    if state["status"] != "completed":
        return Built(state, [], [])
    lines = [line.split(",")[:2] for line in reports.csv(report).text.split()[1:]]
    return Built(state, lines, [[day["date"], day["revenue"]] for day in reports.analytics("daily", report)["items"]])


def _upload_and_see_message(
    app: Any, ingestion: Ingestion, source: Json, content: bytes
) -> tuple[Json, list[tuple[bytes, bytes]]]:
    """Upload while there is no worker, and give the job with the messages that have come into the queues since."""
    before = p2_operations.messages(app.redis)
    job = ingestion.upload(source, content)
    return job, p2_operations.added(app.redis, before)


def _repeat(
    app: Any, ingestion: Ingestion, job: Json, messages: list[tuple[bytes, bytes]], corrected: Sale
) -> Repeated:
    """Correct a sale of a completed import, then deliver the import's message once more."""
    ingestion.import_file(as_csv([corrected]))
    for queue, message in messages:
        p2_operations.publish_again(app.redis, queue, message)
    other = night_sales(f"M8{tag()}-NEXT", [date(2009, 5, 3)])
    ingestion.import_file(as_csv(other))  # it waited behind that message
    _settles(lambda: p2_operations.waiting(app.redis) == 0, 10)
    again = ingestion.poll(job, 0).last
    return Repeated(len(messages), job, again, corrected, p2_database.sales(app, corrected.transaction_id))


def _settles(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Wait for something, but not for ever, and say whether it came; that is judged later."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def small_file(prefix: str) -> tuple[list[Sale], bytes]:
    """Give 120 sales of summer 2009, and a file of them that begins with two rows to refuse."""
    sales = night_sales(prefix, [date(2009, 6, 1) + timedelta(days=day) for day in range(90)])
    bad = [
        replace(sales[0], transaction_id=f"{prefix}-BAD{n}", quantity=0, tax=Decimal("0.00")) for n in range(REJECTS)
    ]
    return sales, as_csv([*bad, *sales])


CASES: dict[str, Callable[[Any, Ingestion, Any], Backlog]] = {"backlog": work_off}
