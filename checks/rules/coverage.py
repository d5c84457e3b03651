"""How much of the source the tests run: over all tracked source files, by lines, with exact figures."""

from __future__ import annotations

from fractions import Fraction

from checks.evidence.coverage import LineCoverage
from checks.evidence.source import SourceIndex
from checks.model import FileCoverage, Location, Verdict, check, failed, not_applicable, partial, passed, percent

FULL = Fraction(90, 100)  # the plan's success metric: 90 %+ coverage
CORE = Fraction(80, 100)  # of each folder: a good average must not hide an untested part
SMALL = 10  # executable lines; a folder or file below that is judged by the whole
SHOWN = 10  # places in one verdict


@check("coverage.lines", effort="large")
def lines_are_covered(coverage: LineCoverage) -> Verdict:
    """The tests run at least 90 % of all source lines.

    Measured by the grader from raw line data over every tracked source file; a file that no test imports counts with
    all its lines. Below 90 % the credit is the share reached of it.

    Write tests for the files listed here first: they have the most lines that no test runs.
    """
    summary = coverage.summary
    if not summary.total:
        return failed("there is no source line to cover", expected=percent(FULL), actual="0 lines")
    worst = sorted((f for f in summary.files if f.missing), key=lambda f: -len(f.missing))[:SHOWN]
    return partial(
        min(Fraction(1), summary.share / FULL),
        f"{summary.covered} of {summary.total} lines are covered",
        *(Location(f.path, f.missing[0]) for f in worst),
        expected=f"at least {percent(FULL)}",
        actual=percent(summary.share),
    )


@check("coverage.files-without", effort="medium")
def no_file_is_untested(coverage: LineCoverage) -> Verdict:
    """No source file is left out by the tests.

    A file that no test imports may not even load. An average hides it.

    Import the file from a test of its own and assert its main behaviour; delete it if nobody needs it.
    """
    files = [f for f in coverage.summary.files if f.executable]
    if not files:
        return not_applicable("there is no source file with code")
    untested = [f for f in files if not f.covered]
    return partial(
        Fraction(len(files) - len(untested), len(files)) if 2 * len(untested) < len(files) else Fraction(0),
        f"{len(untested)} of {len(files)} source files are run by no test"
        if untested
        else f"all {len(files)} source files are run",
        *(Location(f.path) for f in untested[:SHOWN]),
        expected="0 files",
        actual=f"{len(untested)} files",
    )


@check("coverage.excluded-debt", effort="small")
def little_is_excluded(coverage: LineCoverage, source: SourceIndex) -> Verdict:
    """At most 2 % of the source lines are excluded from measurement.

    `pragma: no cover` and omit lists change the figure, not the code. Beyond 2 % excluded lines count as uncovered;
    omit lists are not followed at all.

    Remove the markers and test the lines; keep one for a line that cannot run in a test, with the reason beside it.
    """
    summary = coverage.summary
    if summary.excluded <= summary.allowance:
        noted = f"; {len(source.omitted)} omit or exclude patterns were not followed" if source.omitted else ""
        return passed(f"{summary.excluded} lines are excluded, {summary.allowance} are allowed{noted}")
    marked = [Location(f.path, f.excluded[0]) for f in summary.files if f.excluded]
    return failed(
        f"{summary.excluded} lines are excluded from measurement",
        *marked[:SHOWN],
        expected=f"at most {summary.allowance} lines",
        actual=f"{summary.excluded} lines",
    )


@check("coverage.core", effort="medium")
def each_part_is_covered(coverage: LineCoverage) -> Verdict:
    """Every source folder is covered to at least 80 %.

    Configuration and models are covered by being imported; the pipeline or the permissions may still be untested
    under a good average.

    Add tests for the folder named here, beginning with its largest file.
    """
    folders: dict[str, list[FileCoverage]] = {}
    for file in coverage.summary.files:
        folders.setdefault(file.path.rpartition("/")[0], []).append(file)
    shares = {
        folder: min(Fraction(1), Fraction(sum(f.covered for f in files), lines))
        for folder, files in folders.items()
        if (lines := sum(f.executable - len(f.excluded) for f in files)) >= SMALL
    }
    if not shares:
        return not_applicable(f"no folder has {SMALL} lines of source")
    weak = sorted((share, folder) for folder, share in shares.items() if share < CORE)
    if weak:
        return failed(
            ", ".join(f"{folder or 'the root'}: {percent(share)}" for share, folder in weak[:SHOWN]),
            *(Location(folder or ".") for _, folder in weak[:SHOWN]),
            expected=f"at least {percent(CORE)} in each folder",
            actual=f"{len(weak)} of {len(shares)} folders below",
        )
    return passed(f"each of {len(shares)} folders has at least {percent(CORE)}", actual=percent(min(shares.values())))
