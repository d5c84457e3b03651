"""Line coverage over all tracked source files, computed from the raw lines that the tests ran.

The repository's own coverage configuration plays no part. Lines that a marker excludes from measurement leave the
total as long as they are few (`ALLOWANCE`); beyond that they count as uncovered.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from checks.evidence._statements import Statement, statements
from checks.evidence.source import SourceFile, SourceIndex
from checks.evidence.suite import SuiteRun
from checks.model import Blocked, CoverageSummary, FileCoverage, NotMeasured
from checks.repository import FileTooLarge, Repository

ALLOWANCE = Fraction(2, 100)
"""The share of executable lines that may be excluded: room for a platform branch or a `__main__` guard in each of a
project's entry points (a 2,000-line project has 40 lines), too little to hide a module."""


class LineCoverage(NamedTuple):
    """The coverage of all source files, and the files whose lines could only be counted roughly."""

    summary: CoverageSummary
    rough: tuple[str, ...] = ()


def collect(run: SuiteRun, source: SourceIndex, repository: Repository) -> LineCoverage:
    """Computing line coverage.

    Raises Blocked when the tests did not run to their end, NotMeasured when this grader could not run them.
    """
    _require(run)
    stacks = {result.suite.stack for result in run.results}
    files: list[FileCoverage] = []
    rough: list[str] = []
    allowed = 0
    for file in source.files:
        hits = run.lines.get(file.path, frozenset())
        if file.stack not in stacks or file.kind == "test" or (file.kind == "other" and not hits):
            continue
        found = _statements(repository, file)
        if found is None:
            rough.append(file.path)
            found = _rough(repository, file)
        measured = file.path in run.lines
        files.append(_coverage(file.path, found, hits, measured=measured))
        allowed += sum(s.excluded and not _ran(s, hits) for s in found)
    executable = sum(f.executable for f in files)
    allowance = executable * ALLOWANCE.numerator // ALLOWANCE.denominator
    total = executable - min(allowed, allowance)
    covered = sum(f.covered for f in files)
    excluded = sum(len(f.excluded) for f in files)
    return LineCoverage(CoverageSummary(covered, total, excluded, allowance, tuple(files)), tuple(rough))


def _require(run: SuiteRun) -> None:
    if not run.results:
        raise Blocked("there is no test suite to measure", by="tests.present")
    for stage, blocker in (("install", "tests.env-lock"), ("stopped", "tests.pass")):
        result = run.at(stage)
        if result is not None:
            raise Blocked(f"{result.suite.title}: {result.problem}", by=blocker)
    result = run.at("unknown")
    if result is not None:
        raise NotMeasured(result.problem)


def _statements(repository: Repository, file: SourceFile) -> list[Statement] | None:
    """Return a file's statements, or None when it can't be parsed (a syntax newer than the grader's, or broken)."""
    try:
        return statements(repository.read_text(file.path), file.stack)
    except (SyntaxError, OSError, FileTooLarge):
        return None


def _rough(repository: Repository, file: SourceFile) -> list[Statement]:
    """Count every line that is not blank or a comment: a file that can't be parsed must not vanish."""
    try:
        lines = repository.read_text(file.path).splitlines()
    except (OSError, FileTooLarge):
        return [Statement(1, 1)]
    return [
        Statement(number, number)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith(("#", "//"))
    ]


def _ran(statement: Statement, hits: frozenset[int]) -> bool:
    return not hits.isdisjoint(range(statement.first, statement.last + 1))


def _coverage(path: str, found: list[Statement], hits: frozenset[int], *, measured: bool) -> FileCoverage:
    missing = tuple(s.first for s in found if not s.excluded and not _ran(s, hits))
    excluded = tuple(s.first for s in found if s.excluded)
    covered = sum(_ran(s, hits) for s in found)
    return FileCoverage(path, len(found), covered, missing, excluded, measured)
