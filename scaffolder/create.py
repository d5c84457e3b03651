"""`scaffold new`: render beside the destination, commit, then move into place in one step."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scaffolder.errors import DestinationRefused
from scaffolder.git import Git, commit_all, enclosing_work_tree, first_commit, require_git
from scaffolder.lock import Lock
from scaffolder.projects import Project
from scaffolder.render import render_project, render_solution, require_solution


@dataclass(frozen=True, slots=True)
class Created:
    """What `create` made.

    `identity` holds the variables that stood in for a missing git identity, `outer` the work tree of another
    repository in which the new one lies and which would show it.
    """

    folder: Path
    lock: Lock
    committed: bool
    identity: Mapping[str, str]
    outer: Path | None


def create(
    project: Project,
    destination: Path | None,
    answers: Mapping[str, str],
    *,
    start: date | None = None,
    ask: bool = False,
    git: bool = True,
    solution: bool = False,
) -> Created:
    """Make a new repository of a project.

    Args:
        project: what to make.
        destination: an empty folder or a name not taken yet; without it, the answer `project_name` names a folder
            in the current one.
        answers: answers to the template's questions.
        start: the first day of the project.
        ask: put unanswered questions to the person at the terminal instead of taking their defaults.
        git: make it a git repository with a first commit.
        solution: put the reference solution over the starter, in a commit of its own.

    Returns:
        What was made. On any error, and on Ctrl-C, nothing is left behind.

    Raises:
        ScaffoldError: see `render.render`; GitError if git is wanted, but missing or failing; NoSolution if the
            solution is wanted, but not here.
    """
    if git:
        require_git()
    if solution:
        require_solution(project)
    if destination is not None:
        _refuse_taken(destination)
    with _workshop(destination) as workshop:
        tree = workshop / "tree"
        lock = render_project(project, tree, answers, start=start, ask=ask)
        target = (destination or Path(lock.answers.get("project_name", project.id))).absolute()
        # Once more: the name may come from an answer, and questions take time.
        _refuse_taken(target, apart_from=workshop)
        identity = first_commit(tree, project.id, lock.template_version) if git else {}
        if solution:
            render_solution(project, tree, lock)
            if git:
                commit_all(tree, f"Reference solution of {project.id}\n")
        _move(tree, target)
    outer = enclosing_work_tree(target.parent) if git else None
    if outer is not None and Git(outer).succeeds("check-ignore", "--quiet", "--", str(target)):
        outer = None
    return Created(target, lock, git, identity, outer)


def _refuse_taken(destination: Path, apart_from: Path | None = None) -> None:
    if destination.is_symlink() or destination.exists():
        if not destination.is_dir() or destination.is_symlink():
            raise DestinationRefused(f"{destination} exists and is not a folder.", "Name another destination.")
        if any(entry != apart_from for entry in destination.absolute().iterdir()):
            raise DestinationRefused(f"{destination} is not empty.", "Name another destination, or empty it first.")


@contextmanager
def _workshop(destination: Path | None) -> Iterator[Path]:
    """A temporary folder on the destination's file system, so that the last step is a rename.

    It lies beside the destination, or within it when that exists already and is empty: there the folder itself must
    stay, because a shell may stand in it.
    """
    folder = destination.absolute() if destination else Path.cwd() / "new"
    home = folder if destination and folder.is_dir() else folder.parent
    made = [parent for parent in (home, *home.parents) if not parent.exists()]
    finished = False
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".scaffold-new-", dir=home) as name:
            yield Path(name)
        finished = True
    except OSError as error:
        raise DestinationRefused(
            f"{folder} cannot be written: {error.strerror or error}.", "Name another one."
        ) from error
    finally:
        if not finished:
            for parent in made:
                with suppress(OSError):
                    parent.rmdir()


def _move(tree: Path, target: Path) -> None:
    if not target.is_dir():
        tree.rename(target)
        return
    moved: list[Path] = []
    try:
        for entry in sorted(tree.iterdir()):
            moved.append(target / entry.name)
            entry.rename(target / entry.name)
    except BaseException:
        # The folder was empty: whatever of ours is in it goes again.
        for entry in moved:
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)
        raise
