"""Grades the checkout of a job: runs `check`, and says the result to the job in every way that needs no permission."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from checks.github import annotate, limits
from checks.model import Scorecard, percent
from checks.reports import document
from checks.reports.markdown import render_markdown

FOLDER = "scorecard"
ALWAYS = "json"


def grade(environment: Mapping[str, str]) -> int:
    """Run `check` by the inputs in the environment (`INPUT_PATH` and so on) and return the exit code of the step.

    That is `check`'s own; without a bar to reach a low score is no failure.
    """
    folder = Path(environment["RUNNER_TEMP"]) / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    token = secrets.token_hex(16)
    # What the project prints is data: lines in it must not become commands to the runner.
    click.echo(f"::stop-commands::{token}")
    code = subprocess.run(command(environment, folder), check=False).returncode
    click.echo(f"\n::{token}::")
    try:
        card = document.loads((folder / f"{FOLDER}.json").read_bytes())
    except (OSError, document.ScorecardFormatError):
        _append(environment, "GITHUB_STEP_SUMMARY", "## Not graded\n\nThe grader could not grade; the log says why.\n")
        click.echo("::error title=Not graded::The grader could not grade; its output above says why.")
        return code or 3
    _append(environment, "GITHUB_STEP_SUMMARY", summary(card))
    _append(environment, "GITHUB_OUTPUT", outputs(card, folder, passed=code == 0))
    for line in annotate.commands(card):
        click.echo(line)
    return code


def summary(card: Scorecard) -> str:
    """Return the scorecard for the job's summary, in no more bytes than GitHub takes of one step."""
    return render_markdown(card, limit=limits.SUMMARY // 4)  # a character has at most four bytes


def command(environment: Mapping[str, str], folder: Path) -> list[str]:
    """Return the command line of `check`: isolated from the checkout's own Python files and variables."""
    formats = [name.strip() for name in environment.get("INPUT_FORMATS", "").split(",") if name.strip()]
    line = [sys.executable, "-I", "-m", "checks", "--output", str(folder)]
    line += ["--format", ",".join(dict.fromkeys([ALWAYS, *formats]))]
    for option, name in (("--project", "INPUT_PROJECT"), ("--min-score", "INPUT_MIN_SCORE"), ("--url", "INPUT_URL")):
        if environment.get(name):
            line.append(f"{option}={environment[name]}")
    if environment.get("INPUT_STATIC", "").lower() == "true":
        line.append("--static")
    return [*line, "--", environment.get("INPUT_PATH") or "."]


def outputs(card: Scorecard, folder: Path, *, passed: bool) -> str:
    """Return the step's outputs, one a line; none of their values can hold a line break."""
    score = percent(card.score).removesuffix(" %")
    coverage = percent(card.coverage.share).removesuffix(" %") if card.coverage else ""
    short = {
        "score": float(score),
        "passed": passed,
        "provisional": card.provisional,
        "coverage": float(coverage) if coverage else None,
        "milestones": {m.id: float(percent(m.share).removesuffix(" %")) for m in card.milestones},
    }
    lines = {
        "score": score,
        "passed": str(passed).lower(),
        "coverage": coverage,
        "report": str(folder),
        "json": json.dumps(short),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _append(environment: Mapping[str, str], variable: str, text: str) -> None:
    path = environment.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)
