"""Rendering: the only module that knows Copier.

Copier is imported when something is rendered and not before: its import alone takes longer than any other command.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

from scaffolder import __version__
from scaffolder._table import closest
from scaffolder.errors import DestinationRefused, InvalidAnswer, NoSolution, PlannedProject, RenderFailed
from scaffolder.lock import Lock, write_lock
from scaffolder.projects import COPIER_FILE, Project, due_date, find_project, templates_root

_TEMPLATE_REPAIR = "The template has to be repaired."


def render(
    project_id: str,
    destination: Path,
    answers: Mapping[str, str] | None = None,
    *,
    start: date | None = None,
) -> None:
    """Render a project's starter with its `.scaffold/` folder, as `scaffold new --no-git` does.

    Args:
        project_id: id or folder name of a ready project.
        destination: the folder to fill; it must be empty or not there yet.
        answers: answers to questions of `copier.yml`; what is not answered takes its default.
        start: the first day of the project, from which the milestones' due dates follow (see `projects.due_date`).

    Raises:
        UnknownProject, PlannedProject: there is nothing to render.
        InvalidAnswer: an answer is refused, or no question has that name.
        DestinationRefused: the folder is not empty.
        RenderFailed: the template is broken.
    """
    render_project(find_project(project_id), destination, answers or {}, start=start)


def render_project(
    project: Project,
    destination: Path,
    answers: Mapping[str, str],
    *,
    start: date | None = None,
    ask: bool = False,
) -> Lock:
    """Like `render`, for a project that was found already; gives the lock that was written.

    With `ask`, questions without an answer are put to the person at the terminal.
    """
    require_ready(project)
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise DestinationRefused(f"{destination} is not an empty folder.", "Name another one, or empty it first.")
    version = project.version or __version__
    given = _run_copier(project, destination, answers, context(project, version, start), ask=ask)
    return write_lock(
        destination,
        project=project.id,
        template_version=version,
        start=start,
        answers=given,
        owner_of=project.ownership.owner_of,
    )


def render_solution(project: Project, tree: Path, lock: Lock) -> None:
    """Put the reference solution over a freshly rendered starter, with the answers and the start of its lock.

    Raises:
        RenderFailed: the overlay is broken.
    """
    facts = {**context(project, lock.template_version, lock.start), "part": project.solution.name}
    _run_copier(project, tree, lock.answers, facts, ask=False)


def require_solution(project: Project) -> None:
    """Raise NoSolution when the project has no reference solution here."""
    if not project.solution.is_dir():
        raise NoSolution(
            f"The reference solution of {project.id} is not here: an installed package carries none.",
            "Instructors find it in a source checkout, and run `scaffold` from there.",
        )


def require_ready(project: Project) -> None:
    """Raise PlannedProject when there is no starter to render yet."""
    if project.status != "ready":
        raise PlannedProject(
            f"{project.id} ({project.title}) is planned, but not built yet.", "`scaffold list` shows what is ready."
        )


def context(project: Project, version: str, start: date | None) -> dict[str, Any]:
    """What templates can use besides the answers: the project's own facts."""
    return {
        "project_folder": project.folder.name,
        "project_id": project.id,
        "project_title": project.title,
        "template_version": version,
        "limits": dict(project.limits),
        "milestones": [
            {
                "id": milestone.id,
                "week": milestone.week,
                "title": milestone.title,
                "points": milestone.points,
                "docs": milestone.docs,
                "due": due_date(milestone, project, start).isoformat() if start else "",
                "tasks": [{"id": task.id, "title": task.title} for task in milestone.tasks],
            }
            for milestone in project.milestones
        ],
    }


def question_names(root: Path | None = None, project_id: str | None = None) -> tuple[str, ...]:
    """The names of the questions in `copier.yml`, in their order; of a project, those that it is asked (`when:`)."""
    import yaml

    file = (root or templates_root()) / COPIER_FILE
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise RenderFailed(f"{file} cannot be read: {error}.", _TEMPLATE_REPAIR) from error
    names = tuple(key for key in values if not key.startswith("_"))
    if project_id is None:
        return names
    from jinja2 import Environment

    environment = Environment(autoescape=True)
    conditions = {name: environment.from_string(str(values[name].get("when", True))) for name in names}
    return tuple(name for name in names if conditions[name].render(project_id=project_id) == "True")


def _run_copier(
    project: Project, destination: Path, answers: Mapping[str, str], facts: Mapping[str, Any], *, ask: bool
) -> dict[str, str]:
    root = project.folder.parent
    names = question_names(root, project.id)
    for key in answers:
        if key not in names:
            raise InvalidAnswer(
                f"The template asks no question {key!r}.",
                f"{closest(key, names)} Questions: {', '.join(names)}.".strip(),
            )
    import copier
    from copier.errors import CopierError, InteractiveSessionError
    from jinja2 import TemplateError

    try:
        with _hidden_git():
            worker = copier.run_copy(
                str(root),
                destination,
                {**answers, **facts},
                # Without these, the settings and habits of the user's own Copier would leak into the result.
                settings=copier.Settings(),
                defaults=not ask,
                overwrite=True,  # of a tree that is ours alone; the destination is looked at by the callers
                quiet=True,
            )
    except KeyboardInterrupt:  # Copier's own kind, raised at a prompt, is a CopierError too
        raise KeyboardInterrupt from None
    except InteractiveSessionError as error:
        raise InvalidAnswer("The terminal was closed before all questions were answered.") from error
    except (CopierError, TemplateError) as error:
        raise RenderFailed(f"{project.folder} cannot be rendered: {error}.", _TEMPLATE_REPAIR) from error
    except ValueError as error:  # what Copier raises for an answer that a validator refuses
        raise InvalidAnswer(f"{str(error).rstrip('.')}.") from error
    return {name: str(worker.answers.combined[name]) for name in names}


def _hidden_git() -> AbstractContextManager[object]:
    """While this lasts, Copier finds no git.

    With git it starts one process for every file it writes (six tenths of the time of a rendering), to keep an
    executable bit that only matters in repositories which ignore it; and a templates folder that is itself the root
    of a repository would be cloned at its last tag instead of being read as it lies there.
    """
    from plumbum import local

    environment: AbstractContextManager[object] = local.env(PATH=os.devnull)
    return environment
