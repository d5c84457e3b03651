"""One run of the repository's tests, in a clean copy, with throwaway services, by the grader's own command."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from checks.model import NotMeasured, SuiteSummary
from checks.repository import Repository
from checks.runners import base, finding
from checks.session import Session

if TYPE_CHECKING:
    from checks.formats.junit import TestCase

EXECUTES = True


class SuiteResult(NamedTuple):
    """What came of one suite.

    `stage` says how far it got: ``install`` (its dependencies can't be installed), ``unknown`` (this grader could not
    run it), ``stopped`` (the run did not end by itself or its records disagree) or ``complete``. `problem` says why
    and `log` are the last lines. `lock` and `pinned` are those of the environment. `data` is the folder of the raw
    coverage data, with paths below `copy`, which is gone by now.
    """

    suite: base.Suite
    stage: str
    problem: str = ""
    log: str = ""
    interpreter: str = ""
    lock: str = ""
    pinned: str = ""
    cases: tuple[TestCase, ...] = ()
    unran: tuple[str, ...] = ()
    deselected: tuple[str, ...] = ()
    expected_failures: tuple[str, ...] = ()
    ignored_options: str = ""
    copy: Path | None = None
    data: Path | None = None


class SuiteRun(NamedTuple):
    """All suites that ran, the counts over them, and the executed lines by path of the repository."""

    summary: SuiteSummary
    results: tuple[SuiteResult, ...]
    lines: Mapping[str, frozenset[int]] = MappingProxyType({})

    @property
    def complete(self) -> bool:
        """Whether there is a suite and all of them ran to their end."""
        return bool(self.results) and all(r.stage == "complete" for r in self.results)

    def at(self, stage: str) -> SuiteResult | None:
        """Return the first suite that ended at a stage, if any."""
        return next((r for r in self.results if r.stage == stage), None)


def collect(repository: Repository, session: Session) -> SuiteRun:
    """Running the tests.

    Raises NotMeasured when a service the tests need, or isolation where it is required, can't be had.
    """
    from checks.services.base import needed, started

    suites = finding.suites(repository)
    wanted = tuple(s for s in suites if not session.project.stack or s.stack in session.project.stack)
    for suite in suites:
        if suite not in wanted:
            session.note(f"not run: {suite.title} ({suite.stack} is not part of this project)")
    if not wanted:
        return SuiteRun(SuiteSummary(0, 0, 0, 0, 0.0), ())
    copy = session.work / f"copy-{secrets.token_hex(4)}" / "repository"
    try:
        base.copy_tree(repository, copy)
        results: list[SuiteResult] = []
        lines: dict[str, frozenset[int]] = {}
        clock = 0.0
        environments = {suite: _install(suite, copy, session) for suite in wanted}
        ready = {suite: e for suite, e in environments.items() if isinstance(e, base.Environment)}
        results += [e for e in environments.values() if isinstance(e, SuiteResult)]
        if ready:
            with session.turn, started(needed(repository, session.project.services), session) as services:
                variables = {s.variable: s.url for s in services}
                for suite, environment in ready.items():
                    before = time.monotonic()
                    raw = base.runners()[suite.stack].test(suite, copy, environment, variables, session)
                    clock += time.monotonic() - before
                    results.append(_result(suite, environment, raw, copy))
                    for path, numbers in raw.lines.items():
                        lines[path] = lines.get(path, frozenset()) | numbers
    finally:
        shutil.rmtree(copy.parent, ignore_errors=True)
    results.sort(key=lambda r: wanted.index(r.suite))
    return SuiteRun(_summary(results, clock), tuple(results), lines)


def _install(suite: base.Suite, copy: Path, session: Session) -> base.Environment | SuiteResult:
    try:
        return base.runners()[suite.stack].install(suite, copy, session)
    except base.InstallFailed as error:
        return SuiteResult(suite, "install", str(error), error.log)
    except NotMeasured as error:
        return SuiteResult(suite, "unknown", str(error))


def _result(suite: base.Suite, environment: base.Environment, raw: base.RawRun, copy: Path) -> SuiteResult:
    return SuiteResult(
        suite, "stopped" if raw.problem else "complete", raw.problem, raw.log, environment.interpreter,
        environment.lock, environment.pinned, raw.report.cases, raw.unran, raw.deselected, raw.expected_failures,
        raw.ignored_options, copy.resolve(), raw.data,
    )  # fmt: skip


def _summary(results: list[SuiteResult], seconds: float) -> SuiteSummary:
    """Count the cases. A test that is expected to fail can't fail: it counts as skipped, whatever it did."""
    counts = {"passed": 0, "failed": 0, "error": 0, "skipped": 0}
    for result in results:
        expected = {name.rpartition("::")[2] for name in result.expected_failures}
        for case in result.cases:
            outcome = "skipped" if case.outcome == "passed" and case.name in expected else case.outcome
            counts[outcome] += 1
    titles = tuple(r.suite.title for r in results)
    return SuiteSummary(counts["passed"], counts["failed"], counts["error"], counts["skipped"], seconds, titles)
