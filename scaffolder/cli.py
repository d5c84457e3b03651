"""The `scaffold` command.

Its start has to feel instant: everything beyond click and the reading of project.toml files is imported by the
command that needs it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scaffolder import __version__
from scaffolder import projects as catalogue
from scaffolder.errors import InvalidAnswer, ScaffoldError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FORMATS = click.Choice(("text", "json"))
INTERRUPTED = "Interrupted: everything is as it was before."


class _Failure(click.ClickException):
    def __init__(self, message: str, repair: str, exit_code: int) -> None:
        super().__init__(f"{message}\n{repair}".rstrip())
        # click declares it for the class, and reads it from the instance.
        setattr(self, "exit_code", exit_code)  # noqa: B010


class _Commands(click.Group):
    """Turns our errors, and Ctrl-C, into one message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ScaffoldError as error:
            raise _Failure(error.message, error.repair, error.exit_code) from error
        except KeyboardInterrupt as error:
            raise _Failure(INTERRUPTED, "", 2) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _Failure(f"{error}.", "", 2) from error


def _complete_project(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    try:
        found = catalogue.load_projects()
    except ScaffoldError:  # a completion must stay silent; the command itself will tell
        return []
    return [CompletionItem(item.id, help=item.title) for item in found if item.id.startswith(incomplete)]


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="scaffold", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Make and update the starters of the portfolio projects.

    The variable SCAFFOLD_TEMPLATES names a templates folder of your own.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False


@cli.command("list")
@click.option("--format", "format_", type=FORMATS, default="text", show_default=True)
def list_projects(format_: str) -> None:
    """List the projects, with weeks, stack and milestones."""
    from scaffolder import present

    present.projects(catalogue.load_projects(), as_json=format_ == "json")


@cli.command()
@click.argument("project", shell_complete=_complete_project)
@click.argument("destination", metavar="[DEST]", required=False, type=click.Path(path_type=Path))
@click.option("--defaults", is_flag=True, help="Ask nothing: what is not given by --data takes its default.")
@click.option("--data", "data", multiple=True, metavar="KEY=VALUE", help="Answer a question. Repeatable.")
@click.option(
    "--start", metavar="DATE", help="First day of the project (YYYY-MM-DD). Milestones are due on the last day of "
    "their week, counted from it: Sundays, if it is a Monday.",
)  # fmt: skip
@click.option("--no-git", is_flag=True, help="Do not make it a git repository.")
@click.option("--solution", is_flag=True, help="With the reference solution (instructors, from a source checkout).")
@click.option("--github", "github", metavar="OWNER/NAME", help="Publish it as this repository; see `scaffold publish`.")
@click.option("--public", is_flag=True, help="With --github: for everybody to see. [default: private]")
def new(
    project: str,
    destination: Path | None,
    *,
    defaults: bool,
    data: tuple[str, ...],
    start: str | None,
    no_git: bool,
    solution: bool,
    github: str | None,
    public: bool,
) -> None:
    """Make a new repository of PROJECT in the folder DEST.

    Without DEST, the folder is named after the answer to the question project_name.
    """
    chosen = catalogue.find_project(project)
    if github is not None:
        if no_git:
            raise click.UsageError("--github publishes a git repository; leave out --no-git.")
        _github_token(github)  # before anything is made
    answers = _parse_data(data)
    first_day = _parse_start(start)
    from scaffolder import present
    from scaffolder.create import create

    ask = not defaults and sys.stdin.isatty()
    if not defaults and not ask:
        _refuse_silence(chosen, answers)
    made = create(chosen, destination, answers, start=first_day, ask=ask, git=not no_git, solution=solution)
    present.created(chosen, made)
    if github is not None:
        _publish(made.folder, github, private=not public)


@cli.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--repo", "repo", required=True, metavar="OWNER/NAME", help="The repository at GitHub.")
@click.option("--public", is_flag=True, help="For everybody to see, if it is made now. [default: private]")
@click.option("--dry-run", is_flag=True, help="Show what would be seen to, and ask and change nothing.")
def publish(path: Path, repo: str, *, public: bool, dry_run: bool) -> None:
    """Publish the repository at PATH at GitHub: with environments, branch rules, labels, milestones and issues.

    What is there already is left as it is, so it can be run again. Needs GITHUB_TOKEN (or GH_TOKEN) with the right to
    administrate the repository and to write contents, workflows, issues and environments.
    """
    if not dry_run:
        _publish(path, repo, private=not public)
        return
    from scaffolder.publish import described, planned

    _repository_name(repo)
    for line in described(planned(path), repo, private=not public):
        click.echo(line)


def _publish(path: Path, repo: str, *, private: bool) -> None:
    from scaffolder import present
    from scaffolder.github import API, Client
    from scaffolder.publish import SERVER
    from scaffolder.publish import publish as run

    token = _github_token(repo)
    client = Client(token, url=os.environ.get("GITHUB_API_URL", API))
    server = os.environ.get("GITHUB_SERVER_URL", SERVER)
    present.published(run(client, path, repo, token, private=private, server=server, say=present.progress))


def _github_token(repo: str) -> str:
    _repository_name(repo)
    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
    if not token:
        raise InvalidAnswer("GITHUB_TOKEN is not set.", "Set it, for example: export GITHUB_TOKEN=$(gh auth token).")
    return token


def _repository_name(text: str) -> None:
    from scaffolder.github import is_repository_name

    if not is_repository_name(text):
        raise InvalidAnswer(f"{text!r} is no repository at GitHub.", "Write OWNER/NAME, such as octo-org/sales.")


@cli.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show the difference and change nothing.")
def update(path: Path, *, dry_run: bool) -> None:
    """Merge the installed version of the template into the repository at PATH."""
    from scaffolder import present
    from scaffolder.update import update as run_update

    result = run_update(path, dry_run=dry_run)
    present.updated(result, dry_run=dry_run)
    if result.conflicts:
        click.get_current_context().exit(1)


@cli.command()
@click.argument("project", required=False, shell_complete=_complete_project)
@click.option("--format", "format_", type=FORMATS, default="text", show_default=True)
def doctor(project: str | None, format_: str) -> None:
    """Tell which tools PROJECT (or any project that is ready) needs, and how to install what is missing."""
    from scaffolder import present
    from scaffolder.doctor import examine

    chosen = [catalogue.find_project(project)] if project else catalogue.load_projects()
    findings = examine(item for item in chosen if project or item.status == "ready")
    present.findings(findings, as_json=format_ == "json")
    if any(finding.required and not finding.usable for finding in findings):
        click.get_current_context().exit(1)


@cli.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print the completion script of a shell, for example: eval "$(scaffold completion bash)"."""
    from click.shell_completion import get_completion_class

    completer = get_completion_class(shell)
    if completer is None:
        raise click.UsageError(f"click does not know the shell {shell}.")
    click.echo(completer(cli, {}, "scaffold", "_SCAFFOLD_COMPLETE").source())


def main() -> None:
    """Entry point of the `scaffold` command."""
    # A short run that ends by ending the process: walking and tearing down the hundred thousand objects of Copier's
    # import would cost a quarter of the time of `scaffold new`.
    gc.disable()
    # Stopped from outside (a closed terminal, a CI time limit), clean up as on Ctrl-C.
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, signal.default_int_handler)
    code = 0
    try:
        cli(prog_name="scaffold")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    with suppress(BrokenPipeError):  # `scaffold list | head`: the reader has seen enough
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _parse_data(pairs: tuple[str, ...]) -> dict[str, str]:
    answers: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InvalidAnswer(f"--data {pair!r} is no KEY=VALUE.", "Write, for example, --data project_name=my-app.")
        answers[key] = value
    return answers


def _parse_start(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise InvalidAnswer(f"--start {text!r} is no date.", "Write it as year-month-day, such as 2027-03-01.")
    return day


def _refuse_silence(project: catalogue.Project, answers: dict[str, str]) -> None:
    from scaffolder.render import question_names, require_ready

    require_ready(project)  # before asking anything
    open_ = [name for name in question_names(project.folder.parent, project.id) if name not in answers]
    if open_:
        raise InvalidAnswer(
            f"There is no terminal to ask on for: {', '.join(open_)}.", "Add --defaults, or --data for each of them."
        )
