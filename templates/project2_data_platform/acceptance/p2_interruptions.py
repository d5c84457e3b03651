"""Workers that are stopped and killed in the middle of a long import, and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import p2_operations
from p2_files import COLUMNS, BigFile, big_file, tag
from p2_platform import Ingestion

from checks.acceptance import Mismatch, expect

Json = dict[str, Any]
OVER = ("completed", "failed")
YEAR = 2010
REJECTED_ROWS = (17, 8_000, 16_000, 24_000, 39_999)
START_SECONDS = 30  # for an import to be taken up by a worker that runs


@dataclass(frozen=True)
class Interrupted:
    """A long import whose worker got a SIGTERM in the middle, and whose next worker was killed in the middle.

    `drained_end` and `killed_end` are its job at the end: of one import, or of two if the first didn't live to be
    killed. None where it wasn't over in time.
    """

    stopped: Any
    after_stop: Json
    taken_up: Json | None
    drained_end: Json | None
    at_kill: Json
    killed: BigFile
    killed_end: Json | None
    stored: list[tuple[Any, ...]]
    rejects: list[int]

    def ended_in_time(self, limit: float) -> None:
        """Judge how the worker left after SIGTERM."""
        found, seconds = self.stopped.exit, self.stopped.seconds
        assert found == 0, (
            f"The worker should end with exit code 0 after SIGTERM; it was {found} after {seconds:.1f} s."
        )
        assert seconds <= limit, f"The worker should end within {limit} s after SIGTERM; it took {seconds:.1f} s."
        assert self.after_stop["status"] != "failed", "No import should fail because its worker was stopped."

    def next_worker_completes_it(self) -> None:
        """Judge what became of the import whose worker was stopped."""
        assert self.after_stop["status"] != "failed", "No import should fail because its worker was stopped."
        assert self.taken_up is not None, "The next worker should go on with the import."
        assert self.drained_end is not None, "The next worker should complete the import."
        expect(self.drained_end["status"], "completed", "The next worker should complete the import.")

    def completed_once(self, limit: float) -> None:
        """Judge what became of the import whose worker was killed."""
        assert self.at_kill["status"] not in OVER, "The worker should have been killed in the middle of the import."
        assert self.killed_end is not None, (
            f"The import should be completed within {limit} s of the next worker's start."
        )
        good, bad = self.killed.rows, len(REJECTED_ROWS)
        expect(
            (self.killed_end["status"], self.killed_end["counts"]),
            ("completed", {"records": good + bad, "processed": good, "rejected": bad}),
            "The import should be completed with the right counts.",
        )
        expect(self.stored, [(good, self.killed.total)], "Count and sum of the sales should be exact.")
        expect(self.rejects, list(REJECTED_ROWS), "Each reject should be there once.")


def interrupt(app: Any, ingestion: Ingestion, limits: Any) -> Interrupted:
    """Stop a worker in the middle of a long import, kill the next one in the middle of it, and start a third."""
    patience = limits.task_recovered_seconds
    file, drained = _send_long_file(ingestion, limits.interrupted_rows)
    with p2_operations.slow_database(app.env["DATABASE_URL"]):  # else it might be over before ten seconds are
        job = p2_operations.await_progress(ingestion.api, drained, 3, START_SECONDS)
        expect(
            job["status"] in OVER,
            False,
            f"A file of {limits.interrupted_rows:,} rows should show progress before it is completed.",
        )
        stopped = app.terminate("worker")
    after_stop = _job(ingestion, drained)
    app.start("worker")
    taken_up = _taken_up(ingestion, after_stop, patience)
    if taken_up is not None and taken_up["status"] not in OVER:
        killed, at_kill = drained, taken_up
    else:  # it is over, or lost: another one for the kill
        file, killed = _send_long_file(ingestion, limits.interrupted_rows)
        at_kill = p2_operations.await_progress(ingestion.api, killed, 3, START_SECONDS)
    app.kill("worker")
    app.start("worker")
    killed_end = ended(ingestion, killed, patience)
    return Interrupted(
        stopped,
        after_stop,
        taken_up,
        ended(ingestion, drained, 0),
        at_kill,
        file,
        killed_end,
        app.sql(
            "select count(*), sum(total) from warehouse.sales where starts_with(transaction_id, %(prefix)s)",
            prefix=f"{file.prefix}-",
        ),
        [reject["row_number"] for reject in ingestion.rejects(killed["import_id"])],
    )


def ended(ingestion: Ingestion, job: Json, seconds: float) -> Json | None:
    """Wait for the end of a job and give it; None when it isn't over in time."""
    last = ingestion.poll(job, seconds, pause=0.2).last
    return last if last["status"] in OVER else None


def _send_long_file(ingestion: Ingestion, rows: int) -> tuple[BigFile, Json]:
    file = big_file(rows - len(REJECTED_ROWS), f"M8{tag()}", YEAR)
    lines = file.content.decode().splitlines()
    bad = lines[1].split(",")
    bad[COLUMNS.index("unit_price")] = "much"
    for number in REJECTED_ROWS:
        lines.insert(number, ",".join(bad))
    content = ("\n".join(lines) + "\n").encode()
    return file, ingestion.upload(ingestion.source(), content)


def _job(ingestion: Ingestion, job: Json) -> Json:
    found: Json = ingestion.api.get(f"/api/v1/jobs/{job['id']}").json()
    return found


def _taken_up(ingestion: Ingestion, job: Json, seconds: float) -> Json | None:
    """Wait until somebody gets further with an import than its first worker did; None when nobody does."""
    try:
        return p2_operations.await_progress(ingestion.api, job, job["progress"], seconds)
    except Mismatch:
        return None


CASES: dict[str, Callable[[Any, Ingestion, Any], Any]] = {"interrupted": interrupt}
