"""m8: work on a schedule, and workers that are killed, stopped, doubled and left with a backlog."""

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import p2_operations
import p2_database
import pytest
from p2_figures import Figures, Sale, as_csv
from p2_interruptions import OVER, START_SECONDS, Interrupted, ended
from p2_platform import Ingestion
from p2_reports import Reports
from p2_second import Second

from checks.acceptance import Mismatch, blocked, eventually, expect

Json = dict[str, Any]
BACKLOG_REJECTS = 2  # of each small file

# On a schedule ------------------------------------------------------------------------------------------------------

METRICS = (
    "revenue",
    "orders",
    "units",
    "average_order_value",
    "unique_customers",
    "new_customers",
    "returning_customers",
)
BREAKDOWNS = ("by_region", "by_category", "by_payment_method")


def _sales(prefix: str, days: list[date]) -> list[Sale]:
    """Give a sale on each of these days, and a second one on every third of them."""
    moments = [datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC) for day in (*days, *days[::3])]
    return [
        Sale(
            transaction_id=f"{prefix}-{number:03d}",
            sold_at=moment,
            customer_id=f"{prefix}-C-{number % 9}",
            product_id=f"{prefix}-P-{number % 4}",
            product_name=f"Night product {number % 4}",
            category=("Books", "Games")[number % 2],
            quantity=1 + number % 5,
            unit_price=Decimal(100 + secrets.randbelow(9_900)) / 100,
            discount=Decimal("0.00"),
            tax=Decimal("0.05"),
            payment_method=("card", "cash")[number % 2],
            region=("North", "South")[number % 2],
        )
        for number, moment in enumerate(moments)
    ]


@dataclass(frozen=True)
class Nights:
    """What was wrong in the table of daily metrics, if anything, when its time was up: after each of two files."""

    first: "Wrong | None"
    corrected: "Wrong | None"
    days: list[date]


@pytest.fixture(scope="session")
def nights(app: Any, import_file: Any, limits: Any) -> Nights:
    """Run the schedule every two seconds; import sales on every other day of April 2009, then corrections of some."""
    if app.sql("select to_regclass('warehouse.daily_sales_metrics')") == [(None,)]:
        blocked("there is no table warehouse.daily_sales_metrics", by="acceptance.m2.warehouse-tables")
    prefix = f"M8{secrets.token_hex(2)}-NIGHT"
    sales = _sales(prefix, [date(2009, 4, day) for day in range(1, 31, 2)])
    moved = replace(sales[2], sold_at=sales[2].sold_at - timedelta(days=1))  # leaves an empty day behind
    dearer = replace(sales[4], unit_price=sales[4].unit_price + Decimal("33.33"))
    late = _sales(f"{prefix}-LATE", [date(2009, 4, 9)])
    # A beat of its own: so many runs over 100,000 sales are a load that no other scenario needs.
    with app.another("beat", env={"DAILY_METRICS_SCHEDULE": "@every 2s"}, ready=False):
        source = import_file(as_csv(sales)).source
        first = _await_metrics(app, limits.daily_metrics_lag_seconds)
        if first is None:
            import_file(as_csv([moved, dearer, *late]), source=source)
        corrected = first or _await_metrics(app, limits.daily_metrics_lag_seconds)
    return Nights(first, corrected, [row[0] for row in app.sql("select date from warehouse.daily_sales_metrics")])


@pytest.mark.parametrize("case", ["every-day", "corrected"])
def test_beat_computes(nights: Nights, limits: Any, case: str) -> None:
    """The beat schedule computes the daily metrics.

    With a run every two seconds, the table has to equal the grader's figures for every day from the first sale to the
    last; and again after a file that corrects old days.
    """
    wrong = nights.first if case == "every-day" else nights.corrected
    if wrong is not None:
        seconds = limits.daily_metrics_lag_seconds
        sentence = f"Within {seconds} s, warehouse.daily_sales_metrics should be right; this is {wrong.day}."
        raise Mismatch(sentence, wrong.expected, wrong.actual)
    expect(len(nights.days), len(set(nights.days)), "No day should be there twice.")
    missing = {date(2009, 4, day) for day in range(1, 30)} - set(nights.days)
    expect(missing, set(), "Days between sales on which nothing was sold should be there, too.")


@dataclass(frozen=True)
class Wrong:
    """A day whose row isn't as it should be; None where there is none."""

    day: date
    expected: Any
    actual: Any


def _await_metrics(app: Any, seconds: float) -> Wrong | None:
    """Wait until the table is right. Give the first day that is not, when time is up."""
    right = Figures(p2_database.every_sale(app)).every_day()
    deadline = time.monotonic() + seconds
    while (wrong := _first_wrong_day(app, right)) is not None and time.monotonic() < deadline:
        time.sleep(0.2)
    return wrong


def _first_wrong_day(app: Any, right: dict[date, Json]) -> Wrong | None:
    rows = app.sql(
        "select date, revenue, orders, units, average_order_value, unique_customers, new_customers,"
        " returning_customers, by_region, by_category, by_payment_method from warehouse.daily_sales_metrics"
    )
    stored = {row[0]: [*map(str, row[1:8]), *map(_revenues, row[8:])] for row in rows}
    for day in sorted(right.keys() | stored.keys()):
        figures = right.get(day)
        wanted = figures and [*(str(figures[m]) for m in METRICS), *(_revenues(figures[b]) for b in BREAKDOWNS)]
        if stored.get(day) != wanted:
            return Wrong(day, wanted, stored.get(day))
    return None


def _revenues(breakdown: Any) -> dict[str, Decimal]:
    """Give revenue by key. How the column holds it is left open: as in the contract, or as an object by key."""
    if isinstance(breakdown, dict):
        parts = [(key, part.get("revenue") if isinstance(part, dict) else part) for key, part in breakdown.items()]
    else:
        parts = [(part["key"], part["revenue"]) for part in breakdown]
    return {key: Decimal(str(revenue)) for key, revenue in parts}


# Stopped and killed in the middle -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["exit-code", "next-worker"])
def test_drain(second: Second, limits: Any, case: str) -> None:
    """SIGTERM drains the worker in time.

    A worker gets a SIGTERM in the middle of an import that takes longer than the ten seconds it has. It must leave in
    good order, and the import must not be failed or lost by that.
    """
    interrupted: Interrupted = second.result("interrupted")
    if case == "exit-code":
        interrupted.ended_in_time(limits.shutdown_seconds)
    else:
        interrupted.next_worker_completes_it()


@pytest.mark.parametrize("case", ["import", "report", "same-message-twice", "two-workers"])
def test_killed_worker(request: pytest.FixtureRequest, second: Second, limits: Any, case: str) -> None:
    """A task whose worker was killed is completed once.

    SIGKILL hits a worker in the middle of 100,000 rows, another one while a report is built; messages come twice; two
    workers share a backlog. In the end everything must be done, and done once.
    """
    if case == "import":
        interrupted: Interrupted = second.result("interrupted")
        interrupted.completed_once(limits.task_recovered_seconds)
        return
    backlog: Backlog = request.getfixturevalue("backlog")
    match case:
        case "report":
            expect(backlog.report["status"], "completed", "The report should be completed by the next worker.")
            reports: Reports = request.getfixturevalue("report_client")
            lines = reports.csv(backlog.report).text.split()
            daily = reports.analytics("daily", backlog.report)["items"]
            revenues = [line.split(",")[1] for line in lines[1:]]
            expect(revenues, [day["revenue"] for day in daily], "It should hold each day once.")
        case "same-message-twice":
            _done_once(backlog)
        case "two-workers":
            _all_completed(backlog)


# A backlog ----------------------------------------------------------------------------------------------------------


@dataclass
class Backlog:
    """Uploads that waited for a worker, one of them with its message doubled, and how two workers dealt with them."""

    report: Json
    jobs: list[Json]
    sales: list[list[Sale]]
    repeated: int
    depths: list[float]
    stored: list[tuple[Any, ...]] = field(default_factory=list)
    imports: list[tuple[Any, ...]] = field(default_factory=list)
    rejects: list[list[int]] = field(default_factory=list)
    corrected: Sale | None = None
    corrected_stored: list[tuple[Any, ...]] = field(default_factory=list)
    first_again: Json = field(default_factory=dict)


@pytest.fixture(scope="session")
def report_client(api: httpx2.Client, limits: Any) -> Reports:
    """Order and read reports."""
    return Reports(api, limits.report_seconds)


@pytest.fixture(scope="session")
def backlog(app: Any, ingestion: Ingestion, report_client: Reports, limits: Any) -> Backlog:
    """Kill the worker while it builds a report; upload 20 files and more; double a message; start two workers."""
    prefix = f"M8{secrets.token_hex(2)}-BACK"
    number = min(200, max(20, 8 + 8 * (os.cpu_count() or 1)))  # more than two workers can take at once
    files = [_small_file(f"{prefix}{n:03d}") for n in range(number)]
    source = ingestion.source()
    with p2_database.nobody_reads_sales(app):
        report = report_client.order("2009-04-01", "2009-04-30")
        _settles(lambda: report_client.state(report)["status"] == "processing", 3)
        p2_database.await_lock(app, START_SECONDS, "a report is built from the sales")
        app.kill("worker")
    before = p2_operations.messages(app.redis)
    jobs = [ingestion.upload(source, files[0][1])]
    repeated = p2_operations.added(app.redis, before)
    for queue, message in repeated:
        p2_operations.publish_again(app.redis, queue, message)
    jobs += [ingestion.upload(source, content) for _, content in files[1:]]
    app.start("worker", ready=False)
    with app.another("worker", ready=False) as second:
        watch = p2_operations.DepthWatch(app.url("worker"), second.url)
        deadline = time.monotonic() + limits.task_recovered_seconds
        ends = [ended(ingestion, job, deadline - time.monotonic()) or job for job in jobs]
        _settles(lambda: report_client.state(report)["status"] in OVER, deadline - time.monotonic())
        _settles(lambda: watch.seen[-1:] == [0], 3)
        watch.stop()
        facts = Backlog(report_client.state(report), ends, [sales for sales, _ in files], len(repeated), watch.seen)
        _look(app, ingestion, facts, source["id"], prefix)
        _repeat_an_old_message(app, ingestion, facts, source, repeated)
    return facts


def _settles(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for something, but not for ever; whether it came is judged later."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def _small_file(prefix: str) -> tuple[list[Sale], bytes]:
    sales = _sales(prefix, [date(2009, 6, 1) + timedelta(days=day) for day in range(90)])
    bad = [
        replace(sales[0], transaction_id=f"{prefix}-BAD{n}", quantity=0, tax=Decimal("0.00"))
        for n in range(BACKLOG_REJECTS)
    ]
    return sales, as_csv([*bad, *sales])


def _look(app: Any, ingestion: Ingestion, facts: Backlog, source_id: int, prefix: str) -> None:
    facts.stored = p2_database.sales(app, prefix)
    facts.imports = app.sql("select status from imports where source_id = %(id)s", id=source_id)
    facts.rejects = [[r["row_number"] for r in ingestion.rejects(job["import_id"])] for job in facts.jobs]


def _repeat_an_old_message(
    app: Any, ingestion: Ingestion, facts: Backlog, source: Json, messages: list[tuple[bytes, bytes]]
) -> None:
    """Correct a sale of the first file, then deliver the first file's message once more."""
    facts.corrected = replace(facts.sales[0][0], quantity=77)
    ingestion.completed(source, ingestion.upload(source, as_csv([facts.corrected])))
    for queue, message in messages:
        p2_operations.publish_again(app.redis, queue, message)
    ingestion.completed(source, ingestion.upload(source, as_csv([facts.sales[1][0]])))  # which waited behind it
    _settles(lambda: p2_operations.waiting(app.redis) == 0, 10)
    facts.corrected_stored = p2_database.sales(app, facts.corrected.transaction_id)
    facts.first_again = ingestion.poll(facts.jobs[0], 0).last


def _done_once(backlog: Backlog) -> None:
    assert backlog.repeated > 0, "The message of an upload should wait in a list of Redis while there is no worker."
    first, count = backlog.jobs[0], len(backlog.sales[0])
    counts = {"records": count + BACKLOG_REJECTS, "processed": count, "rejected": BACKLOG_REJECTS}
    expect(
        (first["status"], first["counts"]),
        ("completed", counts),
        "A file whose message came twice should be completed once.",
    )
    expect(backlog.rejects[0], [1, 2], "Its rejects should be there once.")
    expect(backlog.first_again, first, "A message that comes again later should leave the completed job as it is.")
    assert backlog.corrected is not None
    expect(
        backlog.corrected_stored,
        p2_database.as_rows([backlog.corrected]),
        "A message that comes again later should not undo what was corrected meanwhile.",
    )


def _all_completed(backlog: Backlog) -> None:
    number, count = len(backlog.jobs), len(backlog.sales[0])
    counts = {"records": count + BACKLOG_REJECTS, "processed": count, "rejected": BACKLOG_REJECTS}
    expect(
        [(job["status"], job["counts"]) for job in backlog.jobs],
        [("completed", counts)] * number,
        f"Each of {number} uploads should be completed.",
    )
    expect(backlog.imports, [("completed",)] * number, "Each upload should be one import.")
    expect(backlog.rejects, [[1, 2]] * number, "Each import should have its rejects once.")
    right = p2_database.as_rows([sale for sales in backlog.sales for sale in sales])
    wrong = set(right) ^ set(backlog.stored)
    expect((len(backlog.stored), len(wrong)), (len(right), 0), "Each sale of each file should be stored.")


@pytest.mark.parametrize("case", ["queue-depth", "idle", "durations"])
def test_task_metrics(request: pytest.FixtureRequest, app: Any, ingestion: Ingestion, case: str) -> None:
    """Queue depth and task duration move in the metrics.

    Uploads wait while there is no worker: the depth of the queue must be seen above 0 and return to it. Three good
    imports and a failed one must be counted and timed by task and outcome.
    """
    url = app.url("worker")
    match case:
        case "queue-depth":
            depths = request.getfixturevalue("backlog").depths
            assert max(depths, default=0) > 0, "celery_queue_depth should be seen above 0 while uploads wait."
            expect(depths[-1], 0, "It should return to 0.")
        case "idle":
            eventually(lambda: _idle(url), 5, "the idle worker shows a celery_queue_depth of 0 for its queue", 0.05)
        case "durations":
            _imports_are_timed(url, ingestion)


def _idle(url: str) -> bool:
    depths = p2_operations.depths(p2_operations.metrics(url) or "")
    return bool(depths) and not any(depths)


def _imports_are_timed(url: str, ingestion: Ingestion) -> None:
    before = p2_operations.metrics(url) or ""
    files = [_small_file(f"M8{secrets.token_hex(3)}-TIMED")[1] for _ in range(3)]
    jobs = [ingestion.upload(ingestion.source(), content) for content in (*files, b"no,such,columns\n1,2,3\n")]
    ends = [ingestion.finished(job)["status"] for job in jobs]
    expect(ends, ["completed"] * 3 + ["failed"], "Three good files and one without its columns.")

    def grown() -> bool:
        now = p2_operations.metrics(url) or ""
        counts, sums = (_growth_by_task(before, now, name) for name in (p2_operations.COUNT, p2_operations.SUM))
        # One task had to run for each file; what the schedule does meanwhile has another name.
        return any(count >= 4 and sums.get(task, 0) > 0 for task, count in counts.items())

    eventually(grown, 5, "celery_task_duration_seconds of one task has grown by 4 runs and their time", 0.05)
    outcomes = {outcome for _, outcome in p2_operations.durations(p2_operations.metrics(url) or "")}
    assert outcomes <= {"success", "failure", "retry"}, (
        f"Outcomes should be success, failure or retry; found: {outcomes}."
    )


def _growth_by_task(before: str, now: str, name: str) -> dict[str, float]:
    was, grown = p2_operations.durations(before, name), {}
    for (task, outcome), value in p2_operations.durations(now, name).items():
        if task and outcome:
            grown[task] = grown.get(task, 0) + value - was.get((task, outcome), 0)
    return grown
