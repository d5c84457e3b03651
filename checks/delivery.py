"""Where scorecards go: to the terminal, to files, and always to the last result's file."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from checks.model import Scorecard

FORMATS = {
    "terminal": "scorecard.txt",
    "json": "scorecard.json",
    "markdown": "scorecard.md",
    "html": "scorecard.html",
    "junit": "scorecard.junit.xml",
    "sarif": "scorecard.sarif",
    "badge": "scorecard.svg",
}
USAGE, FAILED = 2, 3


class Refused(click.ClickException):
    """A wrong target or option: one clear message, exit code 2."""

    exit_code = USAGE

    def show(self, file: Any = None) -> None:
        """Write the message to standard error."""
        click.echo(f"check: {self.format_message()}", err=True, file=file)


class Unwritable(Refused):
    """An --output that can't be written, and why."""

    def __init__(self, path: Path, problem: OSError) -> None:
        super().__init__(f"{path}: cannot be written ({problem.strerror}). Choose another --output.")
        self.path = path


def cache_folder() -> Path:
    """Return the folder that outlives gradings: CHECK_CACHE_DIR, else one in the user's cache folder.

    That is `~/Library/Caches` on macOS, and elsewhere what the XDG Base Directory Specification says.
    """
    own = os.environ.get("CHECK_CACHE_DIR")
    if own:
        return Path(own).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "backend-scaffold"
    shared = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(shared) if shared.startswith("/") else Path.home() / ".cache") / "backend-scaffold"


def require_cache() -> None:
    """Refuse a cache folder that can't be written, before minutes of work are spent."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        raise Refused(
            f"the cache folder {folder} cannot be written ({problem.strerror}). Set CHECK_CACHE_DIR to another folder."
        ) from problem


def say(text: str, *, color: bool | None = None) -> None:
    """Write to standard output. A reader that has seen enough (`check | head`) is no failure."""
    with suppress(BrokenPipeError):
        click.echo(text, nl=False, color=color)


def refuse_contradictions(targets: Sequence[Path], options: Mapping[str, Any]) -> None:
    """Refuse options that contradict each other, before minutes of work are spent."""
    output: Path | None = options["output"]
    formats: Sequence[str] = options["formats"]
    if options["static"] and (options["urls"] or options["acceptance"]):
        raise Refused("--static executes nothing; leave it out to run acceptance scenarios.")
    if options["attest"] and (options["static"] or options["only"] or len(targets) > 1):
        raise Refused("--attest measures one whole repository; leave out --static, --only and other targets.")
    if options["sync_issues"] and (options["static"] or options["only"]):
        raise Refused("--sync-issues judges whole milestones; leave out --static and --only.")
    if output is None:
        if len(formats) > 1:
            raise Refused("several formats need a folder: add --output FOLDER.")
        return
    if _contradict(output, len(formats) > 1 or len(targets) > 1):
        raise Refused(f"{output} is a file; several formats or targets need a folder.")
    if len(targets) > 1:
        names = [t.resolve().name for t in targets]
        twins = {n for n in names if names.count(n) > 1}
        if twins:
            raise Refused(f"two targets are called {twins.pop()!r}; grade them in two runs.")


def _contradict(output: Path | None, several: bool) -> bool:
    return output is not None and several and output.is_file()


def _place(options: dict[str, Any], name: str, format_: str, *, several: bool) -> Path | None:
    """Where one format of the repository `name` goes: a file of its own, or a place in a folder; None: nowhere."""
    output: Path | None = options["output"]
    if output is None:
        return None
    if several:
        return output / name / FORMATS[format_]
    return output if len(options["formats"]) == 1 and not output.is_dir() else output / FORMATS[format_]


def deliver(card: Scorecard, options: dict[str, Any], *, several: bool) -> None:
    """Write or print one scorecard, and always keep its JSON as the last result."""
    from checks.cache import write_whole
    from checks.reports.document import to_document

    formats: Sequence[str] = options["formats"]
    write_whole(last_result(card.subject.name), json.dumps(to_document(card)) + "\n")
    if options["next_count"]:
        say(_next(card, options))
        return
    if options["output"] is None and not several:
        say(_text(formats[0], card, options), color=True)
    places = {name: _place(options, card.subject.name, name, several=several) for name in formats}
    for name, path in places.items():
        if path is None:
            continue
        try:
            write_whole(path, _text(name, card, options, to_file=True))
        except OSError as problem:
            raise Unwritable(path, problem) from problem
        click.echo(f"{path}", err=True)


def _text(name: str, card: Scorecard, options: dict[str, Any], *, to_file: bool = False) -> str:
    """One format of a scorecard; the terminal's as wide and colourful as where it goes."""
    from checks.reports import render

    if name != "terminal":
        return render(name, card)
    from checks.reports.terminal import render_terminal

    width, color = _screen(options["color"])
    if to_file:
        width, color = 100, False
    return render_terminal(card, width=width, color=color, verbose=options["verbose"])


def cohort(cards: Sequence[Scorecard], options: dict[str, Any]) -> str:
    """Return the table of several scorecards, one line a repository."""
    from checks.reports.terminal import render_cohort

    width, color = _screen(options["color"])
    return render_cohort(cards, width=width, color=color)


def _next(card: Scorecard, options: dict[str, Any]) -> str:
    from checks.reports.terminal import render_next

    width, color = _screen(options["color"])
    return render_next(card._replace(next_steps=card.next_steps[: options["next_count"]]), width=width, color=color)


def _screen(color: bool | None) -> tuple[int, bool]:
    """How wide standard output is, and whether it takes colours (https://no-color.org: NO_COLOR set and not empty)."""
    if color is None:
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return shutil.get_terminal_size((100, 24)).columns, color


def last_result(name: str) -> Path:
    """Return where the JSON of the last grading of a repository called `name` is kept."""
    return cache_folder() / "results" / f"{name}.json"


def write_failure(options: dict[str, Any], targets: Sequence[Path], problem: BaseException, *, several: bool) -> None:
    """Write a result for each target that says why it has no scorecard, so that no machine reads an older one as new.

    `several` says whether the command was given more than one target.
    """
    from checks.cache import write_whole

    usage = isinstance(problem, click.ClickException)
    message = problem.format_message() if isinstance(problem, click.ClickException) else str(problem)
    failure = {
        "schema": 1,
        "failure": {
            "kind": "usage" if usage else "interrupted" if isinstance(problem, KeyboardInterrupt) else "grader",
            "message": message or type(problem).__name__,
            "exit_code": USAGE if usage else FAILED,
        },
    }
    names = [target.resolve().name for target in targets]
    paths: list[Path | None] = [last_result(name) for name in names]
    output = options["output"]
    if "json" in options["formats"] and not _contradict(output, several or len(options["formats"]) > 1):
        paths += [_place(options, name, "json", several=several) for name in names]
    in_vain = problem.path if isinstance(problem, Unwritable) else None
    for path in paths:
        if path is None or path == in_vain:
            continue
        try:
            write_whole(path, json.dumps(failure, indent=2) + "\n")
        except OSError as error:
            click.echo(f"check: {path}: cannot be written ({error.strerror}).", err=True)
