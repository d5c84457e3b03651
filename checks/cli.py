"""The `check` command: arguments in, a scorecard out, and an exit code that a script can trust.

Exit codes: 0 graded, and not below the bar; 1 below `--min-score`; 2 the command line or the target is wrong; 3 the
grader itself failed or was interrupted.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from checks.delivery import (
    FAILED,
    FORMATS,
    USAGE,
    Refused,
    cache_folder,
    cohort,
    deliver,
    refuse_contradictions,
    require_cache,
    say,
    write_failure,
)
from checks.signals import end_cleanly_on_signals
from scaffolder import __version__

if TYPE_CHECKING:
    from checks.engine import HeadStart
    from checks.model import Scorecard
    from checks.repository import Repository
    from scaffolder.projects import Project

OK, BELOW = 0, 1


def _formats(context: click.Context, _option: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    for name in names:
        if name not in FORMATS and not context.resilient_parsing:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(FORMATS)}.")
    return tuple(dict.fromkeys(name for name in names if name in FORMATS)) or ("terminal",)


def _share(_context: click.Context, _option: click.Parameter, value: str | None) -> Fraction | None:
    if value is None:
        return None
    try:
        share = Fraction(value.removesuffix("%").strip()) / 100
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise click.BadParameter("give a percentage from 0 to 100, for example 85.")
    return share


def _projects(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    from scaffolder.projects import load_projects

    return [p.id for p in load_projects() if p.id.startswith(incomplete)]


def _check_ids(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    from checks.catalogue import checks

    return [id_ for id_ in checks() if id_.startswith(incomplete)]


class _Command(click.Command):
    """Writes a result for a command line that click refuses, too."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the command line."""
        try:
            return super().make_context(info_name, list(args), parent, **extra)
        except click.UsageError as problem:
            # What can be read of it says where the result belongs.
            lenient = {"resilient_parsing": True, "ignore_unknown_options": True}
            read = super().make_context(info_name, list(args), parent, **extra, **lenient).params
            targets = [target for target in read["targets"] or () if not str(target).startswith("-")]
            write_failure(read, targets or [Path()], problem, several=len(targets) > 1)
            raise


@click.command(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("targets", nargs=-1, metavar="[TARGET]...", type=click.Path(path_type=Path))
@click.option("--project", metavar="PROJECT", shell_complete=_projects, help="Grade as this project, e.g. project2.")
@click.option("--static", is_flag=True, help="Read only: nothing of the repository is executed.")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    shell_complete=_check_ids,
    help="Only this milestone (m4), family (docker) or check (docker.non-root). Repeatable.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    callback=_formats,
    metavar="NAME[,NAME…]",
    help=f"{', '.join(FORMATS)}. Repeatable. [default: terminal]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write to this file, or with several formats or targets into this folder.",
)
@click.option("--min-score", callback=_share, metavar="PERCENT", help="Exit with 1 below this score.")
@click.option(
    "--next",
    "next_count",
    type=click.IntRange(1, 99),
    metavar="[N]",
    is_flag=False,
    flag_value=5,
    help="Show only the N most rewarding next steps. [N: 5]",
)
@click.option("--explain", metavar="ID", shell_complete=_check_ids, help="Explain a check and how to repair it.")
@click.option("--list", "listing", is_flag=True, help="List every check.")
@click.option(
    "--sandbox",
    type=click.Choice(["auto", "none", "require"]),
    default="auto",
    show_default=True,
    help="Isolation of the repository's code: the best there is, none, or refuse without.",
)
@click.option(
    "--timeout", type=click.FloatRange(1), metavar="SECONDS", help="Time limit of the test run. [default: 600]"
)
@click.option(
    "--url",
    "urls",
    multiple=True,
    metavar="[PROCESS=]URL",
    help="Run the acceptance scenarios that leave nothing behind against this deployment. Repeatable.",
)
@click.option(
    "--acceptance",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Run the acceptance scenarios in this folder, too.",
)
@click.option(
    "--verify",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Verify a project's folder: its solution earns all, its starter the baseline, each fault is caught.",
)
@click.option(
    "--sync-issues", is_flag=True, help="Close and reopen the issues that `scaffold publish` made, by verdict."
)
@click.option(
    "--attest",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="SCORECARD",
    help="Measure again what this scorecard (JSON) claims, at its commit, in a copy of TARGET.",
)
@click.option("--thorough", is_flag=True, help="With --verify: run every scenario on each fault, not only its own.")
@click.option(
    "--sample", type=click.IntRange(0), metavar="N", help="With --verify: only N faults, others for each commit."
)
@click.option("--data", multiple=True, metavar="KEY=VALUE", help="With --verify: an answer for `scaffold new`.")
@click.option("--repeat", type=click.IntRange(1, 99), default=1, help="With --verify: grade the solution so often.")
@click.option("--jobs", type=click.IntRange(1, 16), default=1, help="With --verify: grade so many faults at a time.")
@click.option("--no-cache", is_flag=True, help="Measure again even when nothing changed.")
@click.option("--color/--no-color", default=None, help="Colours. [default: on a terminal without NO_COLOR]")
@click.option("-v", "--verbose", is_flag=True, help="Show every finding, and each step as it starts.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option("--completion", type=click.Choice(["bash", "zsh", "fish"]), help="Print a completion script to source.")
@click.version_option(__version__, prog_name="check", message="%(prog)s %(version)s")
def command(targets: tuple[Path, ...], **options: Any) -> None:
    """Grade repositories from measured evidence: tests, coverage, Docker, CI, deployment, operations, documents.

    TARGET is a repository's folder (default: the current one). It is never changed: its tests run in a clean copy.

    \b
    Examples:
      check                              grade the current folder
      check ./project2 --next 3          what to do next
      check --static --only docker .     one family, nothing executed
      check repo1 repo2 --format html,json -o reports/
    """
    if options["completion"]:
        say(_completion(options["completion"]) + "\n")
    elif options["listing"]:
        from checks.listing import listed

        say(listed(options["project"], as_json="json" in options["formats"]) + "\n")
    elif options["explain"]:
        from checks.listing import explained

        say(explained(options["explain"], options["project"]) + "\n")
    elif options["verify"]:
        sys.exit(_verify(options))
    else:
        sys.exit(_run(targets or (Path(),), options))


def _completion(shell: str) -> str:
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise Refused(f"no completion for {shell}.")
    return kind(command, {}, "check", "_CHECK_COMPLETE").source()


def _verify(options: dict[str, Any]) -> int:
    from checks.grading import Options
    from checks.session import Limits
    from checks.verification.command import run
    from scaffolder.errors import ScaffoldError

    end_cleanly_on_signals()
    limits = Limits(seconds=options["timeout"] or Limits().seconds)
    settings = Options(cache=cache_folder(), isolation=options["sandbox"], fresh=True, limits=limits)
    try:
        return run(
            options["verify"],
            settings,
            only=options["only"],
            repeat=options["repeat"],
            jobs=options["jobs"],
            data=options["data"],
            sample=options["sample"],
            thorough=options["thorough"],
            as_json="json" in options["formats"],
            output=options["output"],
        )
    except Refused:
        raise
    except ScaffoldError as problem:
        raise Refused(str(problem)) from problem
    except (KeyboardInterrupt, Exception) as problem:  # noqa: BLE001 - whatever it is, it is told
        return _report_crash(problem, verbose=options["verbose"])


def _run(targets: Sequence[Path], options: dict[str, Any]) -> int:
    """Grade each target, write what was asked for, and return the exit code.

    Of several targets one that can't be graded leaves the others theirs; the exit code is that of the worst.
    """
    end_cleanly_on_signals()
    cards: list[Scorecard] = []
    waiting = list(targets)
    refused = False
    several = len(targets) > 1
    try:
        refuse_contradictions(targets, options)
        require_cache()
        while waiting:
            try:
                card = _grade(waiting[0], options)
            except Refused as problem:
                if not several:
                    raise
                refused = True
                write_failure(options, waiting[:1], problem, several=True)
                problem.show()
            else:
                cards.append(card)
                deliver(card, options, several=several)
                if options["sync_issues"]:
                    _sync_issues(waiting[0], card)
            del waiting[0]
        if several and cards:
            say(cohort(cards, options))
    except (KeyboardInterrupt, Exception) as problem:
        write_failure(options, waiting, problem, several=several)
        if isinstance(problem, click.ClickException):
            raise
        return _report_crash(problem, verbose=options["verbose"])
    if any(f.verdict.internal for card in cards for f in card.findings):
        click.echo("check: the grader failed in at least one check; the scorecard is provisional.", err=True)
        return FAILED
    if refused:
        return USAGE
    bar: Fraction | None = options["min_score"]
    return BELOW if bar is not None and any(card.score < bar for card in cards) else OK


def _grade(target: Path, options: dict[str, Any]) -> Scorecard:
    if options["attest"] is None:
        return _graded_as_it_lies(target, options)
    from checks.attestation import NotAttested, attested

    try:
        card = attested(target, options["attest"], lambda copy: _graded_as_it_lies(copy, options))
    except NotAttested as problem:
        raise Refused(str(problem)) from problem
    click.echo(card.notes[-1], err=True)
    return card


def _graded_as_it_lies(target: Path, options: dict[str, Any]) -> Scorecard:
    from checks.repository import RepositoryError, opening

    try:
        opened = opening(target, _questions(options))
        head_start = _head_start(options)  # much is imported while git works
        repository = opened()
    except RepositoryError as problem:
        raise _refused(target, problem) from problem
    try:
        with head_start(repository) as ahead:
            return _graded(target, repository, options, ahead)
    finally:
        repository.forget()


def _reads_everything(options: dict[str, Any]) -> bool:
    """Whether all is read and nothing is run: only then does a head start gain something."""
    return bool(options["static"] and not options["only"])


def _questions(options: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Return what git will be asked; nothing where that gains little."""
    if not _reads_everything(options):
        return ()
    from checks.evidence import history, secrets

    return history.QUESTIONS + secrets.QUESTIONS


def _head_start(options: dict[str, Any]) -> Callable[[Repository], AbstractContextManager[HeadStart | None]]:
    """Return what starts to read a repository in a second process; nothing where that gains little."""
    if not _reads_everything(options):
        return lambda _repository: nullcontext()
    from checks.ahead import reading_ahead

    return reading_ahead


def _refused(target: Path, problem: Exception) -> Refused:
    text = str(problem)
    return Refused(text if str(target) in text else f"{target}: {text}")


def _graded(target: Path, repository: Repository, options: dict[str, Any], ahead: HeadStart | None) -> Scorecard:
    from checks.detect import ProjectNotFound, detect
    from checks.grading import Options, UnknownSelection, grade
    from checks.progress import reporting
    from checks.repository import RepositoryError
    from checks.session import Limits
    from checks.urls import read_urls
    from scaffolder.errors import ScaffoldError
    from scaffolder.projects import find_project

    try:
        if options["project"]:
            project, why = find_project(options["project"]), f"{options['project']}: given by --project"
        else:
            project, why = detect(repository)
        if project.status != "ready":
            raise Refused(
                f"{target}: {project.id} ({project.title}) has no checks yet. Use --project to choose another."
            )
        settings = Options(
            cache=cache_folder(),
            static=options["static"],
            only=options["only"],
            isolation=options["sandbox"],
            fresh=options["no_cache"] or options["attest"] is not None,
            acceptance=options["acceptance"],
            urls=read_urls(options["urls"], project.processes),
            limits=Limits(seconds=options["timeout"] or Limits().seconds),
        )
        with reporting(quiet=options["quiet"], verbose=options["verbose"]) as progress:
            dues = _dues(repository, project)
            card = grade(repository, project, settings, why=why, dues=dues, progress=progress, ahead=ahead)
        return _signed(card, repository, project)
    except (RepositoryError, ProjectNotFound, UnknownSelection, ScaffoldError) as problem:
        raise _refused(target, problem) from problem


def _sync_issues(target: Path, card: Scorecard) -> None:
    from checks.evidence.forge import repository_name, token
    from checks.github.issues import sync
    from checks.repository import open_repository
    from scaffolder.github import API, Client, GitHubError
    from scaffolder.projects import find_project

    name, own = repository_name(open_repository(target)), token()
    if name is None or own is None:
        raise Refused("--sync-issues needs a repository with its origin at GitHub, and GITHUB_TOKEN.")
    try:
        done = sync(Client(own, url=os.environ.get("GITHUB_API_URL", API)), name, card, find_project(card.project))
    except GitHubError as problem:
        raise Refused(f"the issues of {name} were not all brought up to date: {problem}") from problem
    counts = f"{len(done.closed)} closed, {len(done.reopened)} reopened, {len(done.missing)} tasks without an issue"
    click.echo(f"issues of {name}: {counts}", err=True)


def _signed(card: Scorecard, repository: Repository, project: Project) -> Scorecard:
    """The scorecard with the workflow run that made it, if one did."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return card
    from checks.identity import signed

    return signed(card, repository, project, os.environ)


def _dues(repository: Repository, project: Project) -> dict[str, str]:
    """Due dates (ISO 8601) by milestone id, from the start date in the scaffold's lock file; empty without one."""
    from checks.detect import start_date
    from scaffolder.projects import due_date

    start = start_date(repository)
    return {m.id: due_date(m, project, start).isoformat() for m in project.milestones} if start else {}


def _report_crash(problem: BaseException, *, verbose: bool) -> int:
    if isinstance(problem, KeyboardInterrupt):
        click.echo("check: interrupted; nothing was left behind.", err=True)
        return FAILED
    if verbose:
        import traceback

        traceback.print_exception(problem)
    click.echo(f"check: the grader failed: {type(problem).__name__}: {problem}", err=True)
    click.echo("This is a defect of the grader. Run again with --verbose and report what it prints.", err=True)
    return FAILED


def main() -> NoReturn:
    """Run the command; the entry point of the `check` script.

    Everything that was started or made is ended and removed by then, so the process leaves without taking its memory
    apart piece by piece, which would take a fifth of a static grading.
    """
    gc.disable()  # what a grading makes lives until its end: collecting costs a tenth of the time and frees nothing
    code = OK
    try:
        command(prog_name="check")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else FAILED
    with suppress(BrokenPipeError):  # `check | head`: the reader has seen enough
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
