"""From empty folder to scorecard, as `make demo` runs it: the starter earns its baseline and not a point more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from checks.model import State
from checks.reports import document
from scaffolder.projects import find_project
from tests.support.tools import cache_folder

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A generated repository and the folder of its reports."""
    folder = tmp_path_factory.mktemp("line")
    environment = {**os.environ, "CHECK_CACHE_DIR": str(cache_folder() / "check"), "NO_COLOR": "1"}
    for variable in ("DATABASE_URL", "REDIS_URL", "GITHUB_ACTIONS"):
        environment.pop(variable, None)
    for command in (
        ["scaffold", "new", "project2", str(folder / "project2"), "--defaults"],
        [
            "check",
            str(folder / "project2"),
            "--format",
            "json,html,terminal",
            "-o",
            str(folder / "report"),
            "--no-cache",
        ],
    ):
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "project2", folder / "report"


def test_the_untouched_starter_scores_at_most_its_declared_baseline(graded: tuple[Path, Path]) -> None:
    card = document.loads((graded[1] / "scorecard.json").read_text(encoding="utf-8"))
    assert 0 < card.score <= Fraction(find_project("project2").baseline, 100)


def test_everything_but_behaviour_and_the_forge_was_measured(graded: tuple[Path, Path]) -> None:
    card = document.loads((graded[1] / "scorecard.json").read_text(encoding="utf-8"))
    unknown = {f.id for f in card.unknown}
    assert {id_ for id_ in unknown if not id_.startswith(("acceptance.", "forge."))} == set()


def test_its_tests_ran_and_covered_it(graded: tuple[Path, Path]) -> None:
    card = document.loads((graded[1] / "scorecard.json").read_text(encoding="utf-8"))
    assert card.tests is not None
    assert card.coverage is not None
    assert card.tests.executed == card.tests.passed >= 50
    assert card.coverage.share >= Fraction(9, 10)


def test_behaviour_that_nobody_built_earns_nothing_and_what_is_there_is_seen(graded: tuple[Path, Path]) -> None:
    card = document.loads((graded[1] / "scorecard.json").read_text(encoding="utf-8"))
    states = {f.id: f.verdict.state for f in card.findings if f.id.startswith("acceptance.")}
    assert states["acceptance.m1.processes-boot"] is State.PASS
    assert states["acceptance.m1.readiness"] is State.PASS
    built = {id_ for id_, state in states.items() if state in (State.PASS, State.PARTIAL)}
    assert {id_.split(".")[1] for id_ in built} <= {"m1", "m2", "m10"}


def test_what_the_starter_fails_is_the_learners_to_write(graded: tuple[Path, Path]) -> None:
    """A starter that fails a check for its own engineering would be a bad example.

    The alert on the queue and its panel name metrics that the learner exports in m8; bugs are planted in files of the
    learner's own, and there are none yet.
    """
    card = document.loads((graded[1] / "scorecard.json").read_text(encoding="utf-8"))
    failed = {
        f.id
        for f in card.findings
        if not f.advisory and f.verdict.state in (State.FAIL, State.PARTIAL, State.BLOCKED)
        if not f.id.startswith("acceptance.")
    }
    assert failed <= {
        "docs.readme-own-words",
        "docs.adrs",
        "operations.alerts",
        "operations.dashboard",
        "tests.strength",
    }


def test_the_repository_is_clean_afterwards(graded: tuple[Path, Path]) -> None:
    status = subprocess.run(
        ["git", "-C", str(graded[0]), "status", "--porcelain", "--ignored"], check=True, capture_output=True, text=True
    )
    assert status.stdout == ""


def test_the_reports_say_the_same(graded: tuple[Path, Path]) -> None:
    data = json.loads((graded[1] / "scorecard.json").read_text(encoding="utf-8"))
    score = f"{data['score']['percent']} %"
    text = (graded[1] / "scorecard.txt").read_text(encoding="utf-8")
    html = (graded[1] / "scorecard.html").read_text(encoding="utf-8")
    assert score in text
    assert f"{data['score']['points']} of 100 points" in html
    for title in (m.title for m in find_project("project2").milestones):
        assert title in text
        assert title in html
