"""Which project a repository belongs to: what its scaffold says, else its dependencies, else its stack."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from datetime import date
from typing import Any

from checks.repository import FileTooLarge, Repository
from scaffolder.errors import UnknownProject
from scaffolder.projects import Project, find_project, load_projects

LOCK = ".scaffold/lock.json"
_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_GEM = re.compile(r"""^\s*gem\s*\(?\s*["']([\w-]+)["']""", re.MULTILINE)
_MANIFESTS = {"pyproject.toml": "python", "Gemfile": "ruby", "package.json": "node"}
_SOURCES = {".py": "python", ".rb": "ruby", ".js": "node", ".mjs": "node", ".ts": "node"}
# Folders whose manifests say nothing about the application itself.
_ASIDE = re.compile(r"(^|/)(vendor|node_modules|fixtures|examples?|docs)/")


class ProjectNotFound(Exception):
    """The repository fits no project; the text says what was looked at and how to name one."""


def detect(repository: Repository) -> tuple[Project, str]:
    """Return the project that `repository` is graded as, and why, in words for the scorecard.

    Raises ProjectNotFound when nothing fits or the scaffold names a project that does not exist.
    """
    named = _named(repository)
    if named is not None:
        try:
            return find_project(named), f"{named}: named in {LOCK}"
        except UnknownProject as problem:
            raise ProjectNotFound(
                f"{LOCK} names the project {named!r}, which does not exist here. Use --project to choose."
            ) from problem
    projects = load_projects()
    dependencies = dependency_names(repository)
    fitting = [p for p in projects if p.detect_requirements and set(p.detect_requirements) <= dependencies]
    if fitting:
        best = max(fitting, key=lambda p: len(p.detect_requirements))
        return best, f"{best.id}: depends on {', '.join(best.detect_requirements)}"
    stack = tuple(sorted(stacks(repository)))
    same = [p for p in projects if tuple(sorted(p.stack)) == stack]
    if stack and same:
        return same[0], f"{same[0].id}: the stack is {' + '.join(stack)}"
    found = f"its stack ({', '.join(stack)})" if stack else "no Python, Ruby or Node manifest or source file"
    choices = ", ".join(p.id for p in projects)
    raise ProjectNotFound(f"Cannot tell which project this is: found {found}. Use --project with one of {choices}.")


def _named(repository: Repository) -> str | None:
    data = _parsed(repository, LOCK, json.loads)
    name = data.get("project")
    return name if isinstance(name, str) else None


def start_date(repository: Repository) -> date | None:
    """Return the day the learner began, as `scaffold new --start` wrote it down; None when nothing valid is there."""
    value = _parsed(repository, LOCK, json.loads).get("start")
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def stacks(repository: Repository) -> set[str]:
    """Return the runners (`python`, `ruby`, `node`) whose manifests lie in the repository's application folders.

    Where there is no manifest at all, the languages of the source files decide.
    """
    found = {_MANIFESTS[e.name] for e in repository.entries if e.name in _MANIFESTS and not _ASIDE.search(e.path)}
    if any(e.name.startswith("requirements") and e.suffix == ".txt" for e in repository.entries):
        found.add("python")
    if not found:
        found = {_SOURCES[e.suffix] for e in repository.entries if e.suffix in _SOURCES and not _ASIDE.search(e.path)}
    return found


def dependency_names(repository: Repository) -> set[str]:
    """Return the normalised names of the direct dependencies that the repository's manifests declare."""
    names: set[str] = set()
    for entry in repository.entries:
        if _ASIDE.search(entry.path):
            continue
        if entry.name == "pyproject.toml":
            names |= _pyproject(_parsed(repository, entry.path, tomllib.loads))
        elif entry.name == "package.json":
            data = _parsed(repository, entry.path, json.loads)
            for key in ("dependencies", "devDependencies"):
                section = data.get(key)
                names |= set(section) if isinstance(section, dict) else set()
        elif entry.name == "Gemfile":
            names |= set(_GEM.findall(_text(repository, entry.path)))
        elif entry.suffix == ".txt" and any("requirements" in part for part in entry.path.split("/")[-2:]):
            names |= _requirements(_text(repository, entry.path).splitlines())
    return names


def _pyproject(data: dict[str, Any]) -> set[str]:
    lines: list[Any] = []
    project, poetry = data.get("project"), data.get("tool", {})
    if isinstance(project, dict) and isinstance(project.get("dependencies"), list):
        lines += project["dependencies"]
    poetry = poetry.get("poetry") if isinstance(poetry, dict) else None
    if isinstance(poetry, dict) and isinstance(poetry.get("dependencies"), dict):
        lines += poetry["dependencies"]
    return _requirements(str(line) for line in lines)


def _requirements(lines: Iterable[str]) -> set[str]:
    matches = (_NAME.match(line) for line in lines)
    return {re.sub(r"[-_.]+", "-", m[1]).lower() for m in matches if m}


def _text(repository: Repository, path: str) -> str:
    try:
        return repository.read_text(path)
    except (OSError, FileTooLarge):
        return ""


def _parsed(repository: Repository, path: str, parse: Any) -> dict[str, Any]:
    """Parse a manifest; an unreadable one names no dependencies (rules judge the file itself, not this look)."""
    try:
        data = parse(repository.read_text(path))
    except (OSError, FileTooLarge, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
