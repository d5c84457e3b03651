"""The two steps of the action; see the package."""

from __future__ import annotations

import json
import os
import sys
from fractions import Fraction
from pathlib import Path

import click


@click.group()
def steps() -> None:
    """Grade in an untrusted job, report from a trusted one."""


@steps.command()
def grade() -> None:
    """Measure the checkout and write summary, outputs and annotations."""
    from checks.github.measure import grade as run

    sys.exit(run(os.environ))


@steps.command()
@click.option("--project", required=True, help="The project that the repository is graded as.")
@click.option("--min-score", type=click.FloatRange(0, 100), help="The check run fails below this score.")
def report(project: str, min_score: float | None) -> None:
    """Tell the pull request of the `workflow_run` event in GITHUB_EVENT_PATH its grade."""
    from checks.github.event import NotOurs
    from checks.github.report import Settings
    from checks.github.report import report as run
    from checks.reports.text import clean
    from scaffolder.github import API, Client
    from scaffolder.projects import find_project

    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    settings = Settings(
        os.environ["GITHUB_REPOSITORY"],
        find_project(project),
        None if min_score is None else Fraction(str(min_score)) / 100,
        os.environ.get("GITHUB_SERVER_URL", "https://github.com"),
    )
    client = Client(os.environ["GITHUB_TOKEN"], url=os.environ.get("GITHUB_API_URL", API))
    try:
        done = run(client, event, settings)
    except NotOurs as problem:
        click.echo(f"::notice title=Nothing to report::{problem}")
        return
    for notice in done.notices:
        click.echo(f"::notice title=Scorecard::{clean(notice)}")
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as stream:
            stream.write(done.text)


if __name__ == "__main__":
    steps()
