"""How jobs are run: one worker at a time, once, and with an outcome that is written down."""

from collections.abc import Callable, Iterator
from datetime import date
from threading import Event, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data_platform import queue
from data_platform.database import get_engine
from data_platform.jobs import ErrorCode, find_job, is_locked, try_lock, unlock
from data_platform.observability.request_id import request_id
from data_platform.operational import Report
from data_platform.queue import QueueUnavailableError
from data_platform.worker import stopping
from data_platform.worker.running import MOST_ATTEMPTS, JobFailedError, Outcome, advance, run
from data_platform.worker.stopping import StoppingError

Messages = Callable[[], list[tuple[str, list[str], str | None]]]


@pytest.fixture
def job(lasting: Session) -> Report:
    """Give a job that waits."""
    report = Report(title="March", start=date(2026, 3, 1), end=date(2026, 3, 31), timezone="UTC", request_id="asked-1")
    lasting.add(report)
    lasting.commit()
    return report


@pytest.fixture(autouse=True)
def no_wish_to_stop() -> Iterator[None]:
    yield
    stopping.withdraw()


def now(session: Session, job: Report) -> Report:
    """Give the job as others see it."""
    session.rollback()
    session.refresh(job)
    return job


def is_free(session: Session, job: Report) -> bool:
    try:
        return not is_locked(session, job.job_id)
    finally:
        session.rollback()  # to look is to hold it until the end of the transaction


def test_a_job_is_completed_together_with_what_it_did(lasting: Session, job: Report) -> None:
    seen: list[tuple[str, int, bool]] = []

    def work(session: Session, report: Report) -> None:
        seen.append((report.status, report.attempts, is_locked(lasting, job.job_id)))
        report.figures = {"revenue": "1.00"}

    assert run(Report, job.job_id, work) == Outcome.SUCCESS
    assert seen == [("processing", 1, True)]
    found = now(lasting, job)
    assert (found.status, found.progress, found.figures) == ("completed", 100, {"revenue": "1.00"})
    assert found.started_at is not None
    assert found.completed_at is not None
    assert found.started_at <= found.completed_at
    assert (found.error, found.error_code) == (None, None)
    assert is_free(lasting, job)


def test_a_message_that_comes_twice_is_done_once_and_the_log_says_so(
    lasting: Session, job: Report, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    calls: list[str] = []
    for _ in range(2):
        assert run(Report, job.job_id, lambda _session, report: calls.append(report.title)) == Outcome.SUCCESS
    assert calls == ["March"]
    assert [record.getMessage() for record in caplog.records] == [
        f"reports {job.job_id} begins, attempt 1",
        f"reports {job.job_id} completed",
        f"reports {job.job_id} is done, or not there",
    ]


def test_a_job_that_another_worker_has_is_left_alone(lasting: Session, job: Report) -> None:
    with Session(get_engine()) as other:
        assert try_lock(other, job.job_id)
        assert run(Report, job.job_id, lambda _session, _report: pytest.fail("it was done")) == Outcome.SUCCESS
        assert now(lasting, job).status == "pending"
        unlock(other, job.job_id)
    assert run(Report, job.job_id, lambda _session, _report: None) == Outcome.SUCCESS
    assert now(lasting, job).status == "completed"


def test_two_messages_at_once_are_done_once(lasting: Session, job: Report) -> None:
    calls: list[str] = []
    begun, go_on = Event(), Event()

    def work(_session: Session, report: Report) -> None:
        calls.append(report.title)
        begun.set()
        assert go_on.wait(10)

    first = Thread(target=run, args=(Report, job.job_id, work))
    first.start()
    assert begun.wait(10)
    run(Report, job.job_id, work)
    go_on.set()
    first.join(10)
    assert calls == ["March"]
    assert now(lasting, job).status == "completed"


def test_an_unknown_job_is_nothing_to_do(lasting: Session, job: Report) -> None:
    lasting.delete(job)
    lasting.commit()
    assert run(Report, job.job_id, lambda _session, _report: pytest.fail("it was done")) == Outcome.SUCCESS


def test_a_job_that_fails_says_why_and_keeps_nothing_of_its_last_step(lasting: Session, job: Report) -> None:
    def work(session: Session, report: Report) -> None:
        advance(session, report, 40)
        report.figures = {"half": "done"}
        session.flush()
        raise JobFailedError(ErrorCode.UNREADABLE_FILE, "It can't be read.")

    assert run(Report, job.job_id, work) == Outcome.FAILURE
    found = now(lasting, job)
    assert (found.status, found.error_code, found.error) == ("failed", "unreadable-file", "It can't be read.")
    assert (found.progress, found.figures) == (40, None)
    assert found.completed_at is not None
    assert run(Report, job.job_id, lambda _session, _report: pytest.fail("it was done")) == Outcome.SUCCESS


def test_an_unexpected_error_is_logged_and_not_shown(
    lasting: Session, job: Report, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_session: Session, _report: Report) -> None:
        raise RuntimeError("the password is hunter2")

    with request_id("asked-1"):
        assert run(Report, job.job_id, work) == Outcome.FAILURE
    found = now(lasting, job)
    assert (found.status, found.error_code) == ("failed", "internal")
    assert found.error == "Something went wrong here. The request id asked-1 helps us to find it."
    assert any("hunter2" in str(record.exc_info) for record in caplog.records if record.levelname == "ERROR")


def test_a_statement_that_the_database_refuses_fails_the_job(lasting: Session, job: Report) -> None:
    assert run(Report, job.job_id, lambda session, _report: session.execute(text("SELECT 1/0"))) == Outcome.FAILURE  # type: ignore[arg-type]
    assert now(lasting, job).error_code == "internal"
    assert is_free(lasting, job)


def test_a_lost_connection_leaves_the_job_to_recovery(lasting: Session, job: Report) -> None:
    def work(session: Session, _report: Report) -> None:
        own = session.scalar(text("SELECT pg_backend_pid()"))
        lasting.execute(text("SELECT pg_terminate_backend(:own, 5000)"), {"own": own})
        lasting.commit()
        session.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError):
        run(Report, job.job_id, work)
    assert now(lasting, job).status == "processing"
    assert is_free(lasting, job)
    assert run(Report, job.job_id, lambda _session, _report: None) == Outcome.SUCCESS
    assert (now(lasting, job).status, job.attempts) == ("completed", 2)


def test_a_job_that_kills_its_worker_each_time_is_given_up(lasting: Session, job: Report) -> None:
    job.status = "processing"
    job.attempts = MOST_ATTEMPTS - 1
    lasting.commit()
    assert run(Report, job.job_id, lambda _session, _report: None) == Outcome.SUCCESS

    again = Report(title="April", start=date(2026, 4, 1), end=date(2026, 4, 30), timezone="UTC", attempts=MOST_ATTEMPTS)
    lasting.add(again)
    lasting.commit()
    assert run(Report, again.job_id, lambda _session, _report: pytest.fail("it was done")) == Outcome.FAILURE
    assert (now(lasting, again).error_code, again.error) == ("internal", "It was given up after 5 attempts.")


def test_a_worker_that_ends_gives_the_job_back(lasting: Session, job: Report, messages: Messages) -> None:
    def work(session: Session, report: Report) -> None:
        advance(session, report, 30)
        report.figures = {"half": "done"}
        stopping.request()
        stopping.check()

    assert run(Report, job.job_id, work) == Outcome.RETRY
    found = now(lasting, job)
    assert (found.status, found.progress, found.attempts, found.figures) == ("processing", 30, 0, None)
    assert (found.error, found.completed_at) == (None, None)
    assert messages() == [("build_report", [str(job.job_id)], "asked-1")]
    assert is_free(lasting, job)


def test_a_job_can_be_given_back_without_a_queue(
    lasting: Session, job: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_arguments: object, **_options: object) -> None:
        raise QueueUnavailableError

    def work(_session: Session, _report: Report) -> None:
        raise StoppingError

    monkeypatch.setattr(queue, "send", down)
    assert run(Report, job.job_id, work) == Outcome.RETRY
    assert now(lasting, job).status == "processing"


def test_progress_never_falls_and_is_100_only_at_the_end(lasting: Session, job: Report) -> None:
    seen: list[int] = []

    def work(session: Session, report: Report) -> None:
        for percent in (10, 5, 60, 100):
            advance(session, report, percent)
            seen.append(now(lasting, job).progress)

    assert run(Report, job.job_id, work) == Outcome.SUCCESS
    assert seen == [10, 10, 60, 99]
    assert now(lasting, job).progress == 100


def test_a_job_that_begins_anew_keeps_its_start_and_its_state(lasting: Session, job: Report) -> None:
    def killed(session: Session, report: Report) -> None:
        report.status = "validating"
        advance(session, report, 90)
        raise StoppingError

    run(Report, job.job_id, killed)
    started = now(lasting, job).started_at
    seen: list[tuple[str, int]] = []
    run(Report, job.job_id, lambda _session, report: seen.append((report.status, report.progress)))
    assert seen == [("validating", 90)]
    assert now(lasting, job).started_at == started
    assert find_job(lasting, job.job_id) is job


def test_waiting_ends_when_the_worker_does() -> None:
    stopping.wait(0)
    stopping.check()
    stopping.request()
    with pytest.raises(StoppingError):
        stopping.wait(60)
