"""Finds the projects: every `templates/<folder>/project.toml`, read strictly into named tuples.

Shared with `checks`, which needs milestones, weights and limits at every start. It therefore imports nothing but
the standard library, and nothing of Copier or Jinja. A mistake in a project.toml is an `InvalidProject` error that
names the file, the key and the repair.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast

from scaffolder._table import Table, closest
from scaffolder.errors import InvalidProject, UnknownProject

TEMPLATES_VARIABLE = "SCAFFOLD_TEMPLATES"
PROJECT_FILE = "project.toml"
COPIER_FILE = "copier.yml"
SCHEMA = 1

Status = Literal["ready", "planned"]
Owner = Literal["tool", "merged", "seed"]
Limit = int | float | tuple[int | float, ...]

RUNNERS = ("python", "ruby", "node")
METRIC_GROUPS = ("technical", "portfolio", "application", "progress")
TOOLS = (
    "git", "python3", "uv", "ruby", "bundle", "node", "npm", "docker", "psql", "redis-server", "make", "gh",
)  # fmt: skip


class Task(NamedTuple):
    """One thing a learner does within a milestone; starters mark its place with `TODO(<id>)`."""

    id: str
    title: str


class WeightedCheck(NamedTuple):
    """The id of a check and its share of the milestone's points, relative to its neighbours.

    `title` says what is proven by checks that no rule of the grader defines, such as acceptance scenarios.
    """

    id: str
    weight: int
    title: str = ""


class Milestone(NamedTuple):
    """A named part of a project: tasks to do, checks that grade them, points to gain."""

    id: str
    week: int
    title: str
    points: int
    docs: str
    tasks: tuple[Task, ...]
    checks: tuple[WeightedCheck, ...]


class Metric(NamedTuple):
    """A success metric of the plan; met when all its checks pass, not measurable when it has none."""

    id: str
    title: str
    group: str
    checks: tuple[str, ...]


class Ownership(NamedTuple):
    """Who owns which file of a generated repository: globs relative to its root."""

    tool: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()

    def owner_of(self, path: str) -> Owner:
        """The owner of a file: first match in the order tool, merged; else it was seeded once and is the learner's."""
        if any(_glob(pattern).fullmatch(path) for pattern in self.tool):
            return "tool"
        if any(_glob(pattern).fullmatch(path) for pattern in self.merged):
            return "merged"
        return "seed"


class Project(NamedTuple):
    """One folder under `templates/`, as its project.toml describes it; `oldest`: the lowest version that will do."""

    id: str
    folder: Path
    title: str
    summary: str
    status: Status
    version: str | None
    weeks: tuple[int, ...]
    stack: tuple[str, ...]
    stack_title: str
    services: tuple[str, ...]
    processes: tuple[str, ...]
    baseline: int
    tools: tuple[str, ...]
    optional_tools: tuple[str, ...]
    oldest: Mapping[str, str]
    detect_requirements: tuple[str, ...]
    ownership: Ownership
    limits: Mapping[str, Limit]
    milestones: tuple[Milestone, ...]
    metrics: tuple[Metric, ...]

    @property
    def starter(self) -> Path:
        """The folder that `scaffold new` renders."""
        return self.folder / "starter"

    @property
    def solution(self) -> Path:
        """The reference solution's overlay on the starter; only a source checkout has it."""
        return self.folder / "solution"

    @property
    def faults(self) -> Path:
        """The folder of seeded faults; only a source checkout has it."""
        return self.folder / "faults"

    @property
    def acceptance(self) -> Path:
        """The folder of black-box scenarios, which stays with the grader."""
        return self.folder / "acceptance"

    @property
    def fingerprints(self) -> Path:
        """The file of fingerprints of starter and reference solution; not there for a project without a solution."""
        return self.folder / "fingerprints.json"


def templates_root() -> Path:
    """The folder that holds `copier.yml` and a folder for each project.

    The environment variable SCAFFOLD_TEMPLATES wins (an instructor's own projects); then the copy that an
    installed package carries; then the source checkout this module lies in.

    Raises:
        InvalidProject: there is no `copier.yml` in that folder.
    """
    package = Path(__file__).resolve().parent
    own = os.environ.get(TEMPLATES_VARIABLE)
    if own:
        root, repair = Path(own).expanduser().absolute(), f"Correct the variable {TEMPLATES_VARIABLE}, or unset it."
    else:
        installed = package / "_templates"
        root = installed if installed.is_dir() else package.parent / "templates"
        repair = "The installation is incomplete: install the package again."
    if not (root / COPIER_FILE).is_file():
        raise InvalidProject(f"{root} is no templates folder: it holds no {COPIER_FILE}.", repair)
    return root


def load_projects(root: Path | None = None) -> tuple[Project, ...]:
    """All projects below `root` (default: `templates_root()`), ordered by their first week and id.

    Raises:
        InvalidProject: a project.toml is not valid, or two share an id.
    """
    root = root or templates_root()
    projects = sorted(
        (_read_project(file) for file in root.glob(f"*/{PROJECT_FILE}")),
        key=lambda project: (project.weeks, project.id),
    )
    folders: dict[str, Path] = {}
    for project in projects:
        if project.id in folders:
            raise InvalidProject(
                f"{project.folder / PROJECT_FILE}: id {project.id!r} is taken by {folders[project.id]}.",
                "Give each project an id of its own.",
            )
        folders[project.id] = project.folder
    if not projects:
        raise InvalidProject(f"{root} holds no project.", f"A project is a folder with a {PROJECT_FILE}.")
    return tuple(projects)


def find_project(name: str, root: Path | None = None) -> Project:
    """The project with this id (`project2`) or folder name (`project2_data_platform`).

    Raises:
        UnknownProject: there is none; the message suggests the nearest one.
        InvalidProject: a project.toml is not valid.
    """
    root = root or templates_root()
    for file in sorted(root.glob(f"*/{PROJECT_FILE}")):
        # A folder's name begins with the project's id, so the other files need not be read.
        if file.parent.name == name or file.parent.name.startswith(f"{name}_"):
            project = _read_project(file)
            if name in (project.id, project.folder.name):
                return project
    projects = load_projects(root)
    for project in projects:
        if name == project.id:
            return project
    ids = [project.id for project in projects]
    near = closest(name, [*ids, *(project.folder.name for project in projects)]).strip()
    raise UnknownProject(f"There is no project {name!r}.", f"{near} Projects: {', '.join(ids)}.".strip())


def due_date(milestone: Milestone, project: Project, start: date) -> date:
    """The last day of the milestone's week.

    Weeks are counted from `start`: the project's first week is the seven days beginning with it. So with a Monday
    as start, milestones are due on Sundays: project 2 (weeks 3 and 4), started on Monday 2 March, has its week-3
    milestones due on Sunday 8 March and those of week 4 on Sunday 15 March.
    """
    return start + timedelta(days=7 * (milestone.week - project.weeks[0] + 1) - 1)


def _read_project(file: Path) -> Project:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidProject(f"{file} cannot be read: {error}.", "Repair the TOML at the place named.") from error
    table = Table(file, "", values)
    table.integer("schema", least=SCHEMA, most=SCHEMA)
    status = cast("Status", table.choice("status", ("ready", "planned")))
    ready = status == "ready"
    weeks = table.integers("weeks")
    ownership = table.table("ownership")
    detect = table.table("detect")
    oldest = table.table("oldest")
    project = Project(
        id=table.text("id", pattern=r"[a-z][a-z0-9-]*", example='"project2"'),
        folder=file.parent,
        title=table.text("title"),
        summary=table.text("summary"),
        status=status,
        version=table.text("version", pattern=r"\d+(\.\d+)+", default="", example='"0.1.0"') or None,
        weeks=weeks,
        stack=table.texts("stack", allowed=RUNNERS),
        stack_title=table.text("stack_title"),
        services=table.texts("services", required=ready),
        processes=table.texts("processes", required=ready),
        baseline=table.integer("baseline", least=0, most=100, default=None if ready else 0),
        tools=table.texts("tools", required=ready, allowed=TOOLS),
        optional_tools=table.texts("optional_tools", required=False, allowed=TOOLS),
        oldest=MappingProxyType(_read_versions(oldest)),
        detect_requirements=detect.texts("requirements", required=False),
        ownership=Ownership(_globs(ownership, "tool"), _globs(ownership, "merged")),
        limits=MappingProxyType(table.table("limits").numbers()),
        milestones=_read_milestones(table, weeks, ready=ready),
        metrics=_read_metrics(table),
    )
    for part in (table, ownership, detect, oldest):
        part.finish()
    if ready and not project.starter.is_dir():
        raise table.error("status", "is 'ready', but there is no starter/ folder", "Add it, or use 'planned'.")
    return project


def _read_versions(table: Table) -> dict[str, str]:
    versions = {tool: table.text(tool, pattern=r"\d+(\.\d+)*", default="", example='"3.11"') for tool in TOOLS}
    return {tool: version for tool, version in versions.items() if version}


def _read_milestones(parent: Table, weeks: tuple[int, ...], *, ready: bool) -> tuple[Milestone, ...]:
    milestones: list[Milestone] = []
    for table in parent.tables("milestones"):
        week = table.integer("week", least=1, most=99)
        if week not in weeks:
            raise table.error("week", f"is {week}", f"Use one of the project's weeks: {', '.join(map(str, weeks))}.")
        id_ = table.text("id", pattern=r"m[1-9]\d*", example='"m1"')
        milestone = Milestone(
            id=id_,
            week=week,
            title=table.text("title"),
            points=table.integer("points", least=0, most=100, default=None if ready else 0),
            docs=table.text("docs", default=None if ready else "", example=f'"docs/milestones/{id_}.md"'),
            tasks=tuple(_read_tasks(table, id_, required=ready)),
            checks=tuple(_read_checks(table, required=ready)),
        )
        table.finish()
        milestones.append(milestone)
    _refuse_twins(parent, "milestones", [milestone.id for milestone in milestones])
    return tuple(milestones)


def _read_tasks(parent: Table, milestone: str, *, required: bool) -> list[Task]:
    tasks: list[Task] = []
    for table in parent.tables("tasks", required=required):
        pattern = rf"{milestone}\.[1-9]\d*"
        tasks.append(Task(table.text("id", pattern=pattern, example=f'"{milestone}.1"'), table.text("title")))
        table.finish()
    _refuse_twins(parent, "tasks", [task.id for task in tasks])
    return tasks


def _read_checks(parent: Table, *, required: bool) -> list[WeightedCheck]:
    checks: list[WeightedCheck] = []
    for table in parent.tables("checks", required=required):
        id_ = table.text("id", example='"docker.non-root"')
        checks.append(WeightedCheck(id_, table.integer("weight", least=1, most=1000), table.text("title", default="")))
        table.finish()
    _refuse_twins(parent, "checks", [check.id for check in checks])
    return checks


def _read_metrics(parent: Table) -> tuple[Metric, ...]:
    metrics: list[Metric] = []
    for table in parent.tables("metrics", required=False):
        metrics.append(
            Metric(
                id=table.text("id"),
                title=table.text("title"),
                group=table.choice("group", METRIC_GROUPS),
                checks=table.texts("checks"),
            )
        )
        table.finish()
    _refuse_twins(parent, "metrics", [metric.id for metric in metrics])
    return tuple(metrics)


def _refuse_twins(parent: Table, key: str, ids: list[str]) -> None:
    for number, id_ in enumerate(ids):
        if id_ in ids[:number]:
            raise parent.error(f"{key}[{number}].id", f"repeats {id_!r}", "Give each entry an id of its own.")


def _globs(table: Table, key: str) -> tuple[str, ...]:
    patterns = table.texts(key, required=False)
    for pattern in patterns:
        if pattern.startswith("/") or ".." in pattern.split("/") or "\\" in pattern:
            raise table.error(key, f"holds {pattern!r}", "Write globs relative to the repository, with `/` between.")
    return patterns


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stay within one folder, `**` as a whole part stands for any number of them."""
    regex = ""
    for token in re.findall(r"\*\*/|\*\*$|\*|\?|[^*?]+", pattern):
        regex += _GLOB_TOKENS.get(token) or re.escape(token)
    return re.compile(regex, re.DOTALL)


_GLOB_TOKENS: Mapping[str, Any] = {"**/": "(?:[^/]+/)*", "**": ".+", "*": "[^/]*", "?": "[^/]"}
