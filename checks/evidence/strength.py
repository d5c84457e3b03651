"""Planted bugs: a seeded sample of small wrong changes, each tried on the tests that run its line.

Only lines that a test runs are changed, and only in files that are the learner's own: a bug in an untouched file of
the template would measure the template's tests. Beforehand a control adds a comment to each of those files; a suite
that fails then notices changes, not bugs, and says nothing.
"""

from __future__ import annotations

import os
import queue
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from checks.evidence.scaffold import Scaffold
from checks.evidence.source import SourceIndex
from checks.evidence.suite import SuiteResult, SuiteRun
from checks.model import Blocked, NotMeasured
from checks.repository import FileTooLarge, Repository
from checks.runners import base
from checks.session import Session

if TYPE_CHECKING:  # what plants and tries the bugs is imported when that is done: a static grading does not
    from checks.formats.junit import TestCase
    from checks.mutations import Mutation
    from checks.sandbox import Completed

EXECUTES = True
DEFAULT_COUNT, DEFAULT_PERCENT = 20, 80  # where the project states none in its limits
_PATIENCE = 15.0  # seconds on top of three times what the tests took: a changed loop may never end
_COMMENT = {"python": b"#", "ruby": b"#", "node": b"//"}
# A test that fails now and then is no test that notices changes, so there is a second look; with another comment, or a
# test could fail the first time that it sees a file and pass the second.
_COMMENTS = (b"checked", b"checked once more")


class PlantedBug(NamedTuple):
    """A change that was tried, and whether a test failed with it. `tests` counts the tests that run the line."""

    path: str
    line: int
    before: str
    after: str
    tests: int
    noticed: bool


class Strength(NamedTuple):
    """All planted bugs. `candidates` counts the changes to choose from; `control` says why the suite can't be trusted.

    `wanted` is the number of bugs, `share` the least share of them to be noticed.
    """

    bugs: tuple[PlantedBug, ...]
    candidates: int
    wanted: int = DEFAULT_COUNT
    share: Fraction = Fraction(DEFAULT_PERCENT, 100)
    control: str = ""


class _Plan(NamedTuple):
    """One suite's share of the sample: each change with the tests that run its line."""

    result: SuiteResult
    changes: tuple[tuple[Mutation, tuple[str, ...]], ...]


def collect(
    run: SuiteRun, source: SourceIndex, scaffold: Scaffold, repository: Repository, session: Session
) -> Strength:
    """Planting bugs and running the tests on them.

    Raises Blocked when the tests do not pass, NotMeasured when the parsers, an environment or a service are missing.
    """
    if not run.complete or run.summary.failed or run.summary.errors:
        raise Blocked("bugs are planted in a suite that passes", by="tests.pass" if run.results else "tests.present")
    limit = session.project.limits.get
    wanted = _whole(limit("planted_bugs"), DEFAULT_COUNT)
    share = Fraction(_whole(limit("planted_bugs_noticed_percent"), DEFAULT_PERCENT), 100)
    plans, candidates = _plan(run, source, scaffold, repository, wanted)
    bugs: list[PlantedBug] = []
    with session.turn:
        for plan in plans:
            tried, control = _try(plan, repository, session)
            if control:
                return Strength((), candidates, wanted, share, control)
            bugs += tried
    return Strength(tuple(sorted(bugs, key=lambda b: (b.path, b.line))), candidates, wanted, share)


def _whole(limit: object, default: int) -> int:
    return limit if isinstance(limit, int) else default


def _plan(
    run: SuiteRun, source: SourceIndex, scaffold: Scaffold, repository: Repository, wanted: int
) -> tuple[list[_Plan], int]:
    from checks.mutations import known, sample

    found: dict[Mutation, tuple[SuiteResult, tuple[str, ...]]] = {}
    for result in run.results:
        if result.data is None or result.copy is None:
            raise NotMeasured(f"{result.suite.title}: the run does not tell which test ran which line")
        runner = base.runners()[result.suite.stack]
        for file in source.of_kind("source"):
            own = file.stack == result.suite.stack and scaffold.state(file.path) != "pristine"
            if not own or not known(file.path) or "migrations" in file.path.split("/"):
                continue
            try:
                tests = runner.tests_by_line(result.data, result.copy / file.path)
                content = repository.read_bytes(file.path)
            except (OSError, ValueError, FileTooLarge) as error:
                raise NotMeasured(f"{file.path}: {error}") from error
            for mutation in _mutations(file.path, content, tests):
                found.setdefault(mutation, (result, tuple(sorted(tests[mutation.line]))))
    chosen = sample(found, wanted, repository.digest)
    plans = [_Plan(r, tuple((m, found[m][1]) for m in chosen if found[m][0] is r)) for r in run.results]
    return [plan for plan in plans if plan.changes], len(found)


def _mutations(path: str, content: bytes, tests: Mapping[int, frozenset[str]]) -> tuple[Mutation, ...]:
    from checks.mutations import mutations

    try:
        return mutations(path, content, tests.keys())
    except ImportError as error:
        raise NotMeasured(f"planting bugs needs parsers: pip install 'backend-scaffold[strength]' ({error})") from error


def _try(plan: _Plan, repository: Repository, session: Session) -> tuple[list[PlantedBug], str]:
    """Try a suite's changes, in as many copies side by side as there are processors, at most two."""
    from concurrent.futures import ThreadPoolExecutor

    from checks.services.base import providers

    shared = any(os.environ.get(p.variable) for p in providers().values())  # one database for all: one after the other
    workers = 1 if shared else min(2, os.cpu_count() or 1, len(plan.changes))
    waiting: queue.SimpleQueue[tuple[Mutation, tuple[str, ...]]] = queue.SimpleQueue()
    for change in plan.changes:
        waiting.put(change)
    with ThreadPoolExecutor(workers, thread_name_prefix="planting") as pool:
        futures = [pool.submit(_work, plan, waiting, repository, session, control=not n) for n in range(workers)]
        outcomes = [future.result() for future in futures]
    return [bug for bugs, _ in outcomes for bug in bugs], next((c for _, c in outcomes if c), "")


def _work(
    plan: _Plan,
    waiting: queue.SimpleQueue[tuple[Mutation, tuple[str, ...]]],
    repository: Repository,
    session: Session,
    *,
    control: bool,
) -> tuple[list[PlantedBug], str]:
    from checks.services.base import needed, started

    suite = plan.result.suite
    runner = base.runners()[suite.stack]
    copy = session.work / f"copy-{secrets.token_hex(4)}" / "repository"
    bugs: list[PlantedBug] = []
    try:
        base.copy_tree(repository, copy)
        environment = runner.install(suite, copy, session)
        with started(needed(repository, session.project.services), session) as services:
            variables = {s.variable: s.url for s in services}

            def passes(tests: Sequence[str], seconds: float) -> Completed:
                return runner.retest(suite, copy, environment, variables, session, tests, seconds)

            if control:
                union = sorted({test for _, tests in plan.changes for test in tests})
                for comment in _COMMENTS:
                    with _changed(copy, {m.path: _with(comment, copy, m.path, suite.stack) for m, _ in plan.changes}):
                        done = passes(union, session.limits.seconds)
                    if done.timed_out:
                        raise NotMeasured(
                            f"{suite.title}: with nothing changed but comments, the tests did not end within "
                            f"{session.limits.seconds:g} s"
                        )
                    if done.exit == 0:
                        break
                else:
                    return [], f"{suite.title}: with a comment added to the files, {done.last_lines(3)}"
            while not waiting.empty():
                try:
                    mutation, tests = waiting.get_nowait()
                except queue.Empty:
                    break
                original = (copy / mutation.path).read_bytes()
                seconds = _PATIENCE + 3 * _seconds(plan.result.cases, tests)
                with _changed(copy, {mutation.path: mutation.apply(original)}):
                    done = passes(tests, seconds)
                bugs.append(PlantedBug(mutation.path, mutation.line, mutation.before, mutation.after, len(tests),
                                       noticed=done.exit != 0))  # fmt: skip
    finally:
        shutil.rmtree(copy.parent, ignore_errors=True)
    return bugs, ""


@contextmanager
def _changed(copy: Path, files: Mapping[str, bytes]) -> Iterator[None]:
    """Put other contents into files of the copy for a while."""
    originals = {path: (copy / path).read_bytes() for path in files}
    try:
        for path, content in files.items():
            (copy / path).write_bytes(content)
        yield
    finally:
        for path, content in originals.items():
            (copy / path).write_bytes(content)


def _with(comment: bytes, copy: Path, path: str, stack: str) -> bytes:
    return (copy / path).read_bytes() + b"\n" + _COMMENT[stack] + b" " + comment + b"\n"


def _seconds(cases: Sequence[TestCase], tests: Sequence[str]) -> float:
    """Return how long the cases of the named tests took together."""
    wanted = {test.replace("/", ".").replace(".py::", ".").replace("::", ".") for test in tests} | set(tests)
    return sum(c.seconds for c in cases if (c.id or f"{c.group}.{c.name.partition('[')[0]}") in wanted)
