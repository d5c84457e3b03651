"""What a suite is, and what every stack's runner offers. How suites are found stands in `checks.runners.finding`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from checks.model import NotMeasured
from checks.repository import Repository
from checks.session import Session

if TYPE_CHECKING:  # a static grading finds suites and runs none
    from checks.formats.junit import JUnitReport
    from checks.sandbox import Completed

COPY_LIMIT = 2 << 30  # bytes of a tree that is worth copying
_STALE_NAMES = frozenset({".coverage", "coverage.xml", "lcov.info", ".resultset.json", ".last_run.json",
                          "coverage-final.json", "coverage.json", "junit.xml"})  # fmt: skip
_STALE_FOLDERS = frozenset({".pytest_cache", "htmlcov", "__pycache__", ".nyc_output"})


class Suite(NamedTuple):
    """One test suite: its stack, its folder ("" is the root), its framework, and the file that showed it."""

    stack: str
    folder: str
    framework: str
    shown_by: str

    @property
    def title(self) -> str:
        """How reports name it."""
        return f"{self.framework} in {self.folder or 'the root'}"

    def path(self, relative: str) -> str:
        """Return a path of the suite as a path of the repository."""
        return f"{self.folder}/{relative}" if self.folder else relative


class Environment(NamedTuple):
    """An installed environment: where, by which interpreter, from which file, and how firmly that file pins.

    `pinned` is ``hashes``, ``versions`` or "" (not at all); `tools` is the folder of the grader's own coverage.
    """

    root: Path
    interpreter: str
    lock: str
    pinned: str
    readable: tuple[Path, ...]
    framework: str
    tools: Path


class InstallFailed(Exception):
    """The repository's own dependencies can't be installed; `log` are the installer's last lines."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.log = log


class BootFailed(Exception):
    """A process did not start. `process` names it, `log` are its last lines."""

    def __init__(self, process: str, reason: str, log: str) -> None:
        super().__init__(f"{process}: {reason}")
        self.process, self.log = process, log


class RawRun(NamedTuple):
    """What running one suite gave: the report of its tests, the lines it ran by repository path, and how it ended.

    `problem` is empty when the run ended by itself and its records agree; `log` are the last lines it wrote.
    `data` is the folder of the raw coverage data, as long as the grading lasts.
    `unran` are collected tests that have no outcome, `deselected` tests that the repository's configuration dropped,
    `expected_failures` those marked as failing, whatever they did.
    """

    report: JUnitReport
    lines: Mapping[str, frozenset[int]] = MappingProxyType({})
    problem: str = ""
    log: str = ""
    exit: int | None = 0
    timed_out: bool = False
    seconds: float = 0.0
    unran: tuple[str, ...] = ()
    deselected: tuple[str, ...] = ()
    expected_failures: tuple[str, ...] = ()
    ignored_options: str = ""
    data: Path | None = None


class Runner(Protocol):
    """Knows how the suites of one stack are installed and run."""

    stack: str

    def install(self, suite: Suite, copy: Path, session: Session) -> Environment:
        """Return the suite's environment, from the cache or built now.

        Raises InstallFailed when the repository's dependencies can't be installed, NotMeasured when this machine
        lacks what it takes.
        """

    def test(
        self, suite: Suite, copy: Path, environment: Environment, services: Mapping[str, str], session: Session
    ) -> RawRun:
        """Run the suite in the clean copy and return what came of it; raises NotMeasured when it can't be started."""

    def variables(self, environment: Environment, folder: Path) -> dict[str, str]:
        """Return the variables with which a program in `folder` runs in the environment, but for its services."""

    def retest(
        self,
        suite: Suite,
        copy: Path,
        environment: Environment,
        services: Mapping[str, str],
        session: Session,
        tests: Sequence[str],
        seconds: float,
    ) -> Completed:
        """Run the named tests until the first failure and return how that ended: exit code 0 when all passed."""

    def tests_by_line(self, data: Path, file: Path) -> Mapping[int, frozenset[str]]:
        """Return the tests that ran each line of a file, by the names that `retest` takes.

        `data` is that of a run, `file` a path as it was then. Raises OSError or ValueError when it can't be read.
        """


def runners() -> dict[str, Runner]:
    """Return every runner by stack."""
    from checks.runners.node import NodeRunner
    from checks.runners.python import PythonRunner
    from checks.runners.ruby import RubyRunner

    found: tuple[Runner, ...] = (PythonRunner(), RubyRunner(), NodeRunner())
    return {r.stack: r for r in found}


def copy_tree(repository: Repository, destination: Path) -> None:
    """Copy the repository's files to `destination`, exactly, with exec bits and with links that stay inside the tree.

    Left out are links that leave the tree and reports that an earlier run left behind.
    Raises NotMeasured when the tree is too large to be copied.
    """
    if sum(entry.size for entry in repository.entries) > COPY_LIMIT:
        raise NotMeasured(f"the tree is larger than {COPY_LIMIT >> 30} GiB and was not copied")
    destination.mkdir(parents=True)
    for entry in repository.entries:
        if entry.escapes or _stale(entry.path):
            continue
        source, target = repository.root / entry.path, destination / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.symlink:
            # An absolute link would lead out of the copy, back into the learner's tree.
            inside = source.parent.resolve() / source.readlink()
            target.symlink_to(_relative(inside, source.parent.resolve()))
        else:
            shutil.copyfile(source, target, follow_symlinks=False)
            target.chmod(0o755 if entry.executable else 0o644)


def _relative(target: Path, start: Path) -> Path:
    import os.path

    return Path(os.path.relpath(target, start))


def _stale(path: str) -> bool:
    *folders, name = path.split("/")
    if name in _STALE_NAMES or not _STALE_FOLDERS.isdisjoint(folders):
        return True
    return name.startswith(".coverage.") or (name.startswith("junit") and name.endswith(".xml"))
