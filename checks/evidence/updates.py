"""What keeps dependencies current: Dependabot's and Renovate's configuration, and the manifests it should cover."""

from __future__ import annotations

import json
import posixpath
from typing import NamedTuple

from checks.evidence._workflow_parse import texts
from checks.evidence._yaml import YamlList, YamlMap, YamlProblem, load
from checks.model import Location
from checks.repository import FileTooLarge, Repository

DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")
RENOVATE = ("renovate.json", "renovate.json5", ".github/renovate.json", ".github/renovate.json5", ".renovaterc",
            ".renovaterc.json")  # fmt: skip
_ECOSYSTEMS = {
    "pyproject.toml": "pip", "requirements.txt": "pip", "Pipfile": "pip", "Gemfile": "bundler", "package.json": "npm",
    "Dockerfile": "docker", "uv.lock": "pip",
}  # fmt: skip


class DependencyUpdates(NamedTuple):
    """Which tool proposes updates (``dependabot``, ``renovate`` or None) and for which ecosystems.

    `needed` pairs each ecosystem that the tree has with a manifest of it, `covered` are those the configuration names
    (Renovate finds them itself). `problem` is what is wrong with the configuration.
    """

    tool: str | None
    at: Location | None
    needed: tuple[tuple[str, str], ...]
    covered: frozenset[str]
    problem: str | None = None


def collect(repository: Repository) -> DependencyUpdates:
    """Reading the configuration of dependency updates."""
    needed: dict[str, str] = {}
    for entry in repository.entries:
        kind = _ECOSYSTEMS.get(entry.name)
        if kind is None and entry.path.startswith(".github/workflows/") and entry.suffix in (".yml", ".yaml"):
            kind = "github-actions"
        if kind is not None:
            needed.setdefault(kind, entry.path)
    wanted = tuple(sorted(needed.items()))
    for path in DEPENDABOT:
        if path in repository:
            covered, problem = _dependabot(repository, path)
            return DependencyUpdates("dependabot", Location(path), wanted, covered, problem)
    for path in RENOVATE:
        if path in repository:
            problem = _renovate(repository, path)
            covered = frozenset() if problem else frozenset(needed)
            return DependencyUpdates("renovate", Location(path), wanted, covered, problem)
    return DependencyUpdates(None, None, wanted, frozenset())


def _read(repository: Repository, path: str) -> str:
    try:
        return repository.read_text(path)
    except (OSError, FileTooLarge):
        return ""


def _dependabot(repository: Repository, path: str) -> tuple[frozenset[str], str | None]:
    """Return the covered ecosystems: those with a schedule, for folders that exist, not limited to no pull request."""
    document = load(_read(repository, path))
    if isinstance(document, YamlProblem):
        return frozenset(), f"the file is no YAML: {document.message}"
    root = document.value
    updates = root.get("updates") if isinstance(root, YamlMap) else None
    if not isinstance(root, YamlMap) or root.get("version") != 2 or not isinstance(updates, YamlList) or not updates:
        return frozenset(), "it needs `version: 2` and a list of `updates`"
    folders = {posixpath.dirname(e.path) for e in repository.entries}
    covered: set[str] = set()
    for item in updates:
        if not isinstance(item, YamlMap) or item.get("open-pull-requests-limit") == 0:
            continue
        schedule = item.get("schedule")
        named = [d.strip("/") for d in (texts(item.get("directories")) or texts(item.get("directory")) or ())]
        there = any("*" in d or d in folders or any(f.startswith(f"{d}/") for f in folders) for d in named)
        if isinstance(schedule, YamlMap) and schedule.get("interval") and there:
            ecosystem = str(item.get("package-ecosystem"))
            covered.add({"uv": "pip", "pipenv": "pip", "docker-compose": "compose"}.get(ecosystem, ecosystem))
    return frozenset(covered), None


def _renovate(repository: Repository, path: str) -> str | None:
    text = _read(repository, path)
    if path.endswith("5"):
        return None if "extends" in text else "it extends no preset"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "the file is no JSON"
    if not isinstance(value, dict) or value.get("enabled") is False:
        return "updates are switched off"
    return None
