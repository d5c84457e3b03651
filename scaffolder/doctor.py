"""`scaffold doctor`: which of a project's tools are installed, in which version, and how to get the others."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scaffolder.projects import Project

VERSION_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Tool:
    """A program a project may need, and the name of its package by package manager."""

    purpose: str
    apt: str
    dnf: str
    brew: str
    arguments: tuple[str, ...] = ("--version",)

    def hint(self, manager: str) -> str:
        """The command that installs it on this platform."""
        command = {"apt": "sudo apt-get install", "dnf": "sudo dnf install", "brew": "brew install"}.get(manager)
        return f"{command} {getattr(self, manager)}" if command else f"install {self.brew} with your package manager"


KNOWN_TOOLS: Mapping[str, Tool] = {
    "git": Tool("version control", "git", "git", "git"),
    "python3": Tool("runs the application", "python3 python3-venv", "python3", "python"),
    "uv": Tool("makes Python environments fast", "pipx && pipx install uv", "uv", "uv"),
    "ruby": Tool("runs the application", "ruby-full", "ruby ruby-devel", "ruby"),
    "bundle": Tool("installs gems", "ruby-bundler", "rubygem-bundler", "ruby"),
    "node": Tool("runs the application", "nodejs", "nodejs", "node"),
    "npm": Tool("installs Node packages", "npm", "npm", "node"),
    "docker": Tool("builds and runs images", "docker.io", "moby-engine", "docker"),
    "psql": Tool("talks to PostgreSQL", "postgresql-client", "postgresql", "libpq"),
    "redis-server": Tool("queue and cache", "redis-server", "redis", "redis"),
    "make": Tool("runs the make targets", "make", "make", "make"),
    "gh": Tool("talks to GitHub", "gh", "gh", "gh"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one tool; `version` is empty when it is there but does not tell.

    `oldest` is the lowest version that will do, empty when any does.
    """

    tool: str
    purpose: str
    required: bool
    path: str | None
    version: str
    oldest: str
    hint: str

    @property
    def usable(self) -> bool:
        """Whether it is there and, as far as it tells, not too old."""
        return self.path is not None and not _older(self.version, self.oldest)


def examine(projects: Iterable[Project]) -> tuple[Finding, ...]:
    """Look for the tools of these projects, required ones first."""
    required: dict[str, bool] = {}
    oldest: dict[str, str] = {}
    for project in projects:
        required |= dict.fromkeys(project.tools, True)
        required |= {tool: False for tool in project.optional_tools if tool not in required}
        for tool, version in project.oldest.items():
            oldest[tool] = max(oldest.get(tool, "0"), version, key=_numbers)
    manager = package_manager()
    return tuple(
        _find(name, required=required[name], oldest=oldest.get(name, ""), manager=manager)
        for name in sorted(required, key=lambda name: not required[name])
    )


def package_manager() -> str:
    """`apt`, `dnf` or `brew`, whichever this machine has; else empty."""
    programs = {"apt": "apt-get", "dnf": "dnf", "brew": "brew"}
    return next((name for name, program in programs.items() if shutil.which(program)), "")


def _find(name: str, *, required: bool, oldest: str, manager: str) -> Finding:
    tool = KNOWN_TOOLS[name]
    path = shutil.which(name)
    version = _version(path, tool.arguments) if path else ""
    good = path is not None and not _older(version, oldest)
    return Finding(name, tool.purpose, required, path, version, oldest, "" if good else tool.hint(manager))


def _older(version: str, oldest: str) -> bool:
    """Whether a version is known to be too old."""
    return bool(version and oldest) and _numbers(version) < _numbers(oldest)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _version(path: str, arguments: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=VERSION_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(rb"\d+(?:\.\d+)+", done.stdout or done.stderr)
    return found[0].decode() if found else ""
