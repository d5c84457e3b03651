"""The frame of the Node runner: its suites are found; installing and running them is not built yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from checks.model import NotMeasured
from checks.repository import FileTooLarge, Repository
from checks.runners.base import Environment, RawRun, Suite, suite_folders
from checks.session import Session

if TYPE_CHECKING:
    from checks.sandbox import Completed

_TEST_FILE = re.compile(r"(?:^|/)(?:__tests__/.*\.[cm]?[jt]sx?|[^/]+\.(?:test|spec)\.[cm]?[jt]sx?)$")
_FRAMEWORKS = ("vitest", "jest", "mocha")


class NodeRunner:
    """Jest, Vitest, Mocha and `node --test` suites: a folder with a package.json and tests below it."""

    stack = "node"

    def detect(self, repository: Repository) -> tuple[Suite, ...]:
        """Return a suite for every package.json with tests below it."""
        markers = {e.path.rpartition("/")[0]: e.path for e in repository.glob("**/package.json")}
        tests = (e.path for e in repository.entries if _TEST_FILE.search(e.path) and not e.symlink)
        return tuple(
            Suite(self.stack, folder, _framework(repository, markers[folder]), markers[folder])
            for folder in suite_folders(markers, tests)
        )

    def install(self, suite: Suite, copy: Path, session: Session) -> Environment:  # noqa: ARG002
        """Raise NotMeasured: not built yet."""
        raise NotMeasured(f"{suite.title}: running Node suites is not built yet")

    def test(
        self,
        suite: Suite,
        copy: Path,  # noqa: ARG002
        environment: Environment,  # noqa: ARG002
        services: Mapping[str, str],  # noqa: ARG002
        session: Session,  # noqa: ARG002
    ) -> RawRun:
        """Raise NotMeasured: not built yet."""
        raise NotMeasured(f"{suite.title}: running Node suites is not built yet")

    def variables(self, environment: Environment, folder: Path) -> dict[str, str]:  # noqa: ARG002
        """Raise NotMeasured: not built yet."""
        raise NotMeasured("running Node applications is not built yet")

    def retest(
        self,
        suite: Suite,
        copy: Path,  # noqa: ARG002
        environment: Environment,  # noqa: ARG002
        services: Mapping[str, str],  # noqa: ARG002
        session: Session,  # noqa: ARG002
        tests: Sequence[str],  # noqa: ARG002
        seconds: float,  # noqa: ARG002
    ) -> Completed:
        """Raise NotMeasured: not built yet."""
        raise NotMeasured(f"{suite.title}: running Node suites is not built yet")

    def tests_by_line(self, data: Path, file: Path) -> Mapping[int, frozenset[str]]:  # noqa: ARG002
        """Raise NotMeasured: not built yet."""
        raise NotMeasured("running Node suites is not built yet")


def _framework(repository: Repository, manifest: str) -> str:
    try:
        text = repository.read_text(manifest)
    except (OSError, FileTooLarge):
        return "node:test"
    return next((name for name in _FRAMEWORKS if f'"{name}"' in text), "node:test")
