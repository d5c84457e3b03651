"""The `check` command and acceptance scenarios: listed, explained, an instructor's own, against a deployment."""

from __future__ import annotations

import signal
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.cli import command
from checks.model import State
from checks.reports import document
from tests.support.tiny import make

Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Run the command with the tiny project and a cache of its own."""
    monkeypatch.setenv("SCAFFOLD_TEMPLATES", str(make(tmp_path / "templates").root))
    monkeypatch.setenv("CHECK_CACHE_DIR", str(tmp_path / "cache"))
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]

    def run(*arguments: object) -> Result:
        try:
            return CliRunner().invoke(command, [str(a) for a in arguments])
        finally:
            for number, handler in handlers:
                signal.signal(number, handler)

    return run


@pytest.fixture
def repo(check: Check, tmp_path: Path) -> Path:
    return tmp_path / "templates" / "tiny_service" / "starter"


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    """The folder of an instructor's own scenarios, beside the tiny project's."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "test_m1_more.py").write_text('def test_sings():\n    """It sings.\n\n    In C."""\n', encoding="utf-8")
    return own


def test_scenarios_are_listed_for_the_project_that_is_named(check: Check, scenarios: Path) -> None:
    listed = check("--list", "--project", "tiny").stdout
    assert "acceptance.m1.greets" in listed
    assert "It greets by name" in listed
    assert "acceptance." not in check("--list").stdout.replace("acceptance scenarios", "")


def test_a_scenario_is_explained_by_its_docstring(check: Check, scenarios: Path) -> None:
    told = check("--explain", "acceptance.m1.processes-boot").stdout
    assert "Both processes boot" in told
    assert "They answer their health." in told
    assert "docs/m1.md" in told
    assert "acceptance.m1.greets" in check("--explain", "acceptance.m1.greet").stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--url", "elsewhere=https://a.example"], "there is no process 'elsewhere'"),
        (["--url", "a.example"], "is no address"),
        (["--static", "--url", "https://a.example"], "--static executes nothing"),
    ],
)
def test_a_deployment_that_cannot_be_asked_is_refused(
    check: Check, scenarios: Path, repo: Path, options: list[str], words: str
) -> None:
    result = check(repo, "--project", "tiny", *options)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("test_m1_x.py", "def test_x(:", "can't be read as Python"),
        ("test_m1_x.py", "def test_x():\n    pass\n", "has no docstring"),
        ("test_m1_x.py", 'def test_greets():\n    """Again."""\n', "is defined in"),
        ("test_m1_greet.py", 'def test_x():\n    """X."""\n', "the project has a test_m1_greet.py too"),
    ],
)
def test_scenarios_that_cannot_be_used_are_refused_before_anything_runs(
    check: Check, scenarios: Path, repo: Path, name: str, text: str, words: str
) -> None:
    (scenarios / name).write_text(text, encoding="utf-8")
    result = check(repo, "--project", "tiny", "--acceptance", scenarios)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_static_grading_leaves_behaviour_not_yet_known(check: Check, repo: Path, tmp_path: Path) -> None:
    assert check(repo, "--project", "tiny", "--static", "--format", "json", "-o", tmp_path / "card.json").exit_code == 0
    card = document.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    greets = next(f for f in card.findings if f.id == "acceptance.m1.greets")
    assert (greets.verdict.state, greets.title) == (State.ERROR, "It greets by name")
    assert "nothing is executed" in greets.verdict.reason


@pytest.mark.slow
def test_behaviour_is_graded_and_an_instructors_own_scenario_is_told_but_not_scored(
    check: Check, scenarios: Path, tmp_path: Path
) -> None:
    starter = tmp_path / "templates" / "tiny_service" / "starter"
    out = tmp_path / "card.json"
    options = ["--project", "tiny", "--acceptance", scenarios, "--only", "m1", "--only", "acceptance", "--no-cache"]
    assert check(starter, *options, "--format", "json", "-o", out).exit_code == 0
    card = document.loads(out.read_text(encoding="utf-8"))
    states = {f.id: (f.verdict.state, f.advisory) for f in card.findings}
    assert states == {
        "acceptance.m1.processes-boot": (State.PASS, False),
        "acceptance.m1.greets": (State.FAIL, False),
        "acceptance.m1.sings": (State.PASS, True),
    }
    assert card.score == Fraction(1, 2)
    assert [s.check_id for s in card.next_steps] == ["acceptance.m1.greets"]
