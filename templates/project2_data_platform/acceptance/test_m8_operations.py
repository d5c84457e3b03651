"""m8: work on a schedule, and workers that are killed, stopped, doubled and left with a backlog."""

from datetime import date
from typing import Any

import p2_operations
import pytest
from p2_backlog import Backlog, small_file
from p2_files import tag
from p2_interruptions import Interrupted
from p2_platform import Ingestion
from p2_schedule import Nights
from p2_second import Second

from checks.acceptance import Mismatch, eventually, expect


@pytest.mark.parametrize("case", ["every-day", "corrected"])
def test_beat_computes(second: Second, limits: Any, case: str) -> None:
    """The beat schedule computes the daily metrics.

    With a run every two seconds, the table has to equal the grader's figures for every day from the first sale to the
    last; and again after a file that corrects old days.
    """
    nights: Nights = second.result("nights")
    wrong = nights.first if case == "every-day" else nights.corrected
    if wrong is not None:
        seconds = limits.daily_metrics_lag_seconds
        sentence = f"Within {seconds} s, warehouse.daily_sales_metrics should be right; this is {wrong.day}."
        raise Mismatch(sentence, wrong.expected, wrong.actual)
    expect(len(nights.days), len(set(nights.days)), "No day should be there twice.")
    missing = {date(2009, 4, day) for day in range(1, 30)} - set(nights.days)
    expect(missing, set(), "Days between sales on which nothing was sold should be there, too.")


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
def test_killed_worker(second: Second, limits: Any, case: str) -> None:
    """A task whose worker was killed is completed once.

    SIGKILL hits a worker in the middle of 100,000 rows, another one while a report is built; messages come twice; two
    workers share a backlog. In the end everything must be done, and done once.
    """
    if case == "import":
        interrupted: Interrupted = second.result("interrupted")
        interrupted.completed_once(limits.task_recovered_seconds)
        return
    backlog: Backlog = second.result("backlog")
    match case:
        case "report":
            backlog.report.is_completed_once()
        case "same-message-twice":
            backlog.double_is_done_once()
        case "two-workers":
            backlog.each_is_completed_once()


@pytest.mark.parametrize("case", ["queue-depth", "idle", "durations"])
def test_task_metrics(second: Second, app: Any, ingestion: Ingestion, case: str) -> None:
    """Queue depth and task duration move in the metrics.

    Uploads wait while there is no worker: the depth of the queue must be seen above 0 and return to it. Three good
    imports and a failed one must be counted and timed by task and outcome.
    """
    url = app.url("worker")
    match case:
        case "queue-depth":
            backlog: Backlog = second.result("backlog")
            assert backlog.deepest > 0, "celery_queue_depth should be seen above 0 while uploads wait."
            assert backlog.depths_return, "celery_queue_depth should return to 0 when they are done."
        case "idle":
            eventually(lambda: _idle(url), 5, "the idle worker shows a celery_queue_depth of 0 for its queue", 0.05)
        case "durations":
            _imports_are_timed(url, ingestion)


def _idle(url: str) -> bool:
    depths = p2_operations.depths(p2_operations.metrics(url) or "")
    return bool(depths) and not any(depths)


def _imports_are_timed(url: str, ingestion: Ingestion) -> None:
    before = p2_operations.metrics(url) or ""
    files = [small_file(f"M8{tag()}-TIMED")[1] for _ in range(3)]
    jobs = [ingestion.upload(ingestion.source(), content) for content in (*files, b"no,such,columns\n1,2,3\n")]
    ends = [ingestion.finished(job)["status"] for job in jobs]
    expect(ends, ["completed"] * 3 + ["failed"], "Three good files and one without its columns.")

    def grown() -> bool:
        now = p2_operations.metrics(url) or ""
        counts, sums = (_growth(before, now, name) for name in (p2_operations.COUNT, p2_operations.SUM))
        # One task had to run for each file; what the schedule does meanwhile has another name.
        return any(
            counts.get((task, "success"), 0) >= 3 and counts.get((task, "failure"), 0) >= 1 and seconds > 0
            for (task, outcome), seconds in sums.items()
            if outcome == "success"
        )

    what = "celery_task_duration_seconds of one task has grown by 3 successes, 1 failure and their time"
    eventually(grown, 5, what, 0.05)
    outcomes = {outcome for _, outcome in p2_operations.durations(p2_operations.metrics(url) or "")}
    assert outcomes <= {"success", "failure", "retry"}, (
        f"Outcomes should be success, failure or retry; found: {outcomes}."
    )


def _growth(before: str, now: str, name: str) -> dict[tuple[str, str], float]:
    """Give what was added meanwhile, by task and outcome."""
    was = p2_operations.durations(before, name)
    return {key: value - was.get(key, 0) for key, value in p2_operations.durations(now, name).items()}
