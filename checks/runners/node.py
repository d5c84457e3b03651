"""The frame of the Node runner: installing and running its suites is not built yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from checks.model import NotMeasured
from checks.runners.base import Environment, RawRun, Suite
from checks.session import Session

if TYPE_CHECKING:
    from checks.sandbox import Completed


class NodeRunner:
    """Jest, Vitest, Mocha and `node --test` suites: a folder with a package.json and tests below it."""

    stack = "node"

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
