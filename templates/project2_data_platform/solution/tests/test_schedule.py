"""DAILY_METRICS_SCHEDULE, and what beat makes of it."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from celery.schedules import crontab, schedule

from data_platform.schedule import parse_schedule
from data_platform.worker.app import beat_entries
from tests.processes import ROOT


@pytest.mark.parametrize(
    ("text", "seconds"), [("@every 2s", 2), ("@every 5s", 5), ("@every 2m", 120), (" @every 90m ", 5400)]
)
def test_a_fixed_interval(text: str, seconds: int) -> None:
    found = parse_schedule(text)
    assert isinstance(found, schedule)
    assert found.run_every == timedelta(seconds=seconds)  # type: ignore[attr-defined]  # not in the stubs


def test_five_cron_fields() -> None:
    assert parse_schedule("15 0 * * *") == crontab(minute="15", hour="0")
    assert parse_schedule("*/5 1-3 1,15 6 mon-fri") == crontab(
        minute="*/5", hour="1-3", day_of_month="1,15", month_of_year="6", day_of_week="mon-fri"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "daily",
        "15 0 * *",
        "15 0 * * * *",
        "60 0 * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "a b c d e",
        "@every",
        "@every 0s",
        "@every 5h",
        "@every -5s",
        "@every 5 s",
        "@every 1.5s",
        "@daily",
    ],
)
def test_anything_else_is_no_schedule(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be five cron fields|is no cron expression"):
        parse_schedule(text)


def test_beat_starts_the_metrics_by_their_schedule_and_what_is_missed_expires() -> None:
    entry = beat_entries("@every 2s")["daily metrics"]
    assert entry["task"] == "refresh_daily_metrics"
    assert entry["schedule"] == schedule(timedelta(seconds=2))
    assert entry["options"] == {"expires": 2.0}
    nightly = beat_entries("15 0 * * *")["daily metrics"]
    assert nightly["schedule"] == crontab(minute="15", hour="0")
    assert nightly["options"] == {"expires": 43_200.0}


def test_beat_looks_for_lost_work_and_due_sources_every_few_seconds() -> None:
    entries = {entry["task"]: entry for entry in beat_entries("15 0 * * *").values()}
    assert entries["requeue_unfinished"]["schedule"] == schedule(timedelta(seconds=10))
    assert entries["requeue_unfinished"]["options"] == {"expires": 10}
    assert entries["pull_due_sources"]["schedule"] == schedule(timedelta(seconds=15))
    assert entries["pull_due_sources"]["options"] == {"expires": 15}


def test_a_process_does_not_start_with_a_schedule_that_is_none() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "celery", "--quiet", "--app", "data_platform.worker.app", "beat"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src", "DAILY_METRICS_SCHEDULE": "@every now"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert (
        ended.stderr
        == "DAILY_METRICS_SCHEDULE is not valid: must be five cron fields, or such as @every 5s or @every 2m\n"
    )
    assert ended.stdout == ""
