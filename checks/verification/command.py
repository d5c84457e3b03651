"""What `check --verify FOLDER` does: a line for each thing that must hold, and a table for machines on request."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from checks.cache import write_whole
from checks.delivery import Refused, Unwritable
from checks.grading import Options
from checks.verification.judge import Outcome
from checks.verification.run import verify

SHOWN = 400  # characters of what was seen, on the terminal


def run(
    folder: Path,
    options: Options,
    *,
    only: Sequence[str],
    repeat: int,
    jobs: int,
    data: Sequence[str],
    sample: int | None,
    thorough: bool,
    as_json: bool,
    output: Path | None,
) -> int:
    """Verify the project in `folder`, tell each outcome as it comes, and return the exit code: 1 when one did not hold.

    With `as_json` the outcomes are written as a JSON list at the end, to `output` or standard output. Raises Refused,
    before an hour's work, when `output` can't be written.
    """
    if as_json and output is not None:
        _try(output)
    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        click.echo(_line(outcome), err=as_json and output is None)

    held = verify(
        folder, options, tell,
        only=only, sample=sample, data=data, repeat=repeat, jobs=jobs, thorough=thorough,
    )  # fmt: skip
    failed = sum(not outcome.held for outcome in outcomes)
    click.echo(f"{len(outcomes) - failed} of {len(outcomes)} held.", err=as_json and output is None)
    if as_json:
        text = json.dumps([asdict(outcome) for outcome in outcomes], indent=2, ensure_ascii=False) + "\n"
        if output is None:
            click.echo(text, nl=False)
        else:
            write_whole(output, text)
    return 0 if held else 1


def _try(output: Path) -> None:
    if output.is_dir():
        raise Refused(f"{output} is a folder. Choose a file as --output.")
    if output.exists() and not output.is_file():  # a pipe or a device, which is written to
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as problem:
        raise Unwritable(output, problem) from problem


def _line(outcome: Outcome) -> str:
    sign = click.style("held  ", fg="green") if outcome.held else click.style("FAILED", fg="red", bold=True)
    seen = outcome.seen if len(outcome.seen) <= SHOWN or not outcome.held else f"{outcome.seen[:SHOWN]} …"
    time = f" ({outcome.seconds:.0f} s)" if outcome.seconds else ""
    return f"{sign} {outcome.name}: {outcome.title}{time}\n       {' '.join(seen.split())}"
