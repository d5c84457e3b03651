"""The frame of the Ruby runner: its suites are found; installing and running them is not built yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from checks.model import NotMeasured
from checks.repository import Repository
from checks.runners.base import Environment, RawRun, Suite, suite_folders
from checks.session import Session

if TYPE_CHECKING:
    from checks.sandbox import Completed


class RubyRunner:
    """RSpec and Minitest suites: a folder with a Gemfile and tests below it."""

    stack = "ruby"

    def detect(self, repository: Repository) -> tuple[Suite, ...]:
        """Return a suite for every Gemfile with tests below it."""
        markers = {e.path.rpartition("/")[0]: e.path for e in repository.glob("**/Gemfile")}
        tests = [e.path for e in repository.glob("**/*_spec.rb", "**/*_test.rb")]
        specs = suite_folders(markers, (path for path in tests if path.endswith("_spec.rb")))
        return tuple(
            Suite(self.stack, folder, "rspec" if folder in specs else "minitest", markers[folder])
            for folder in suite_folders(markers, tests)
        )

    def install(self, suite: Suite, copy: Path, session: Session) -> Environment:  # noqa: ARG002
        """Raise NotMeasured: not built yet."""
        raise NotMeasured(f"{suite.title}: running Ruby suites is not built yet")

    def test(
        self,
        suite: Suite,
        copy: Path,  # noqa: ARG002
        environment: Environment,  # noqa: ARG002
        services: Mapping[str, str],  # noqa: ARG002
        session: Session,  # noqa: ARG002
    ) -> RawRun:
        """Raise NotMeasured: not built yet."""
        raise NotMeasured(f"{suite.title}: running Ruby suites is not built yet")

    def variables(self, environment: Environment, folder: Path) -> dict[str, str]:  # noqa: ARG002
        """Raise NotMeasured: not built yet."""
        raise NotMeasured("running Ruby applications is not built yet")

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
        raise NotMeasured(f"{suite.title}: running Ruby suites is not built yet")
