"""Helpers of these tests: a session in temporary folders, a tiny project, and a graded run of a few files."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import psutil

from checks.evidence import coverage, source, suite
from checks.repository import Repository, open_repository
from checks.session import Limits, Session
from checks.testing import repository
from scaffolder.projects import Ownership, Project


def project(*, services: tuple[str, ...] = (), stack: tuple[str, ...] = ("python",)) -> Project:
    return Project(
        id="p", folder=Path("p"), title="P", summary="", status="ready", version=None, weeks=(1,), stack=stack,
        stack_title="", services=services, processes=(), baseline=0, tools=(), optional_tools=(), oldest=MappingProxyType({}),
        detect_requirements=(), ownership=Ownership(), limits=MappingProxyType({}), milestones=(), metrics=(),
    )  # fmt: skip


def session(root: Path, cache: Path | None = None, *, services: tuple[str, ...] = (), isolation: str = "auto",
            stack: tuple[str, ...] = ("python",), limits: Limits | None = None) -> Session:  # fmt: skip
    work = root / "work"
    work.mkdir(exist_ok=True)
    where = cache or root / "cache"
    return Session(project(services=services, stack=stack), work, where, limits or Limits(), isolation)


class Workshop:
    """Runs the tests of a few files and keeps what was measured."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.cache = root, cache

    def repository(self, files: Mapping[str, str | bytes]) -> Repository:
        shutil.rmtree(self.root / "repo with späce", ignore_errors=True)
        return repository(self.root / "repo with späce", files)

    def run(self, files: Mapping[str, str | bytes], **options: object) -> suite.SuiteRun:
        self.session = session(self.root, self.cache, **options)  # type: ignore[arg-type]
        self.tree = self.repository(files)
        return suite.collect(self.tree, self.session)

    def coverage(self, files: Mapping[str, str | bytes]) -> coverage.LineCoverage:
        run = self.run(files)
        tree = open_repository(self.tree.root)
        return coverage.collect(run, source.collect(tree), tree)


def alive(*words: str) -> list[int]:
    """Return the living processes whose command line holds all the words; a zombie is not alive."""
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:  # gone meanwhile, or a zombie
            continue
        if all(word in line for word in words):
            found.append(process.pid)
    return found
