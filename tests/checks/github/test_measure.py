"""The step that grades: its command line, its summary, its outputs and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from checks.github import limits
from checks.github.measure import command, grade, summary
from checks.model import Finding, Location, failed
from checks.reports.markdown import render_markdown
from checks.testing import repository
from tests.support.artefacts import card

FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = ["fastapi", "django"]\n',
    "Dockerfile": "FROM python:3.13.1-slim\nCMD python app.py\n",
    "src/app.py": "x = 1\n",
}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    shop = repository(tmp_path / "shop", FILES, git=True)
    monkeypatch.setenv("CHECK_CACHE_DIR", str(tmp_path / "cache"))
    for variable in ("GITHUB_ACTIONS", "GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    return {
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "INPUT_PATH": str(shop.root),
        "INPUT_STATIC": "true",
    }


def outputs(environment: dict[str, str]) -> dict[str, str]:
    lines = Path(environment["GITHUB_OUTPUT"]).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_a_grading_fills_summary_outputs_folder_and_annotations(
    environment: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    environment["INPUT_FORMATS"] = "markdown, html"
    assert grade(environment) == 0
    found = outputs(environment)
    assert set(found) == {"score", "passed", "coverage", "report", "json"}
    assert 0 < float(found["score"]) < 50
    assert found["passed"] == "true"
    assert found["coverage"] == ""
    assert json.loads(found["json"])["score"] == float(found["score"])
    folder = Path(found["report"])
    assert {file.name for file in folder.iterdir()} == {"scorecard.json", "scorecard.md", "scorecard.html"}
    assert f"## {found['score']} %" in Path(environment["GITHUB_STEP_SUMMARY"]).read_text()
    printed = capfd.readouterr().out
    assert "\n::error file=Dockerfile,line=" in printed
    start, end = printed.index("::stop-commands::"), printed.index("\n::error ")
    token = printed[start:].splitlines()[0].removeprefix("::stop-commands::")
    assert start < printed.index(f"\n::{token}::\n") < end


def test_a_summary_of_more_than_a_mebibyte_loses_whole_parts_and_fits() -> None:
    long = failed("😀<" * 150, *(Location(f"src/{'é' * 150}{n}.py", n + 1) for n in range(5)))
    whole = card()
    extra = (Finding(f"extra.{n:04}", "é" * 100, "", "", whole.findings[0].effort, long, True) for n in range(1500))
    whole = whole._replace(findings=(*whole.findings, *extra))
    assert len(render_markdown(whole, limit=10**9).encode()) > limits.SUMMARY
    text = summary(whole)
    assert len(text.encode()) <= limits.SUMMARY
    assert "left out here" in text


def test_below_the_bar_the_step_fails(environment: dict[str, str]) -> None:
    environment["INPUT_MIN_SCORE"] = "99"
    assert grade(environment) == 1
    assert outputs(environment)["passed"] == "false"


def test_a_wrong_input_is_a_failed_step_with_a_reason(
    environment: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    environment["INPUT_PROJECT"] = "--verify=/"
    assert grade(environment) == 2
    assert "::error title=Not graded::" in capfd.readouterr().out
    assert "## Not graded" in Path(environment["GITHUB_STEP_SUMMARY"]).read_text()
    assert not Path(environment["GITHUB_OUTPUT"]).exists()


def test_an_older_result_is_not_taken_for_a_new_one(environment: dict[str, str]) -> None:
    assert grade(environment) == 0
    environment["INPUT_PATH"] = "/nowhere"
    assert grade(environment) == 2


def test_inputs_are_values_and_never_options(environment: dict[str, str]) -> None:
    asked = {**environment, "INPUT_URL": "--no-cache", "INPUT_MIN_SCORE": "80", "INPUT_PATH": "--help"}
    line = command(asked, Path("out"))
    assert line[-2:] == ["--", "--help"]
    assert "--url=--no-cache" in line
    assert "--min-score=80" in line


def test_a_package_of_the_checkout_does_not_become_the_grader(tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    for name in ("__init__", "__main__"):
        (tmp_path / "checks" / f"{name}.py").write_text("print('mine')\n")
    done = subprocess.run(
        [sys.executable, "-I", "-m", "checks", "--version"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("check ")
