from fractions import Fraction

from checks.evidence.coverage import LineCoverage
from checks.evidence.source import SourceIndex
from checks.model import CoverageSummary, FileCoverage, Location, State
from checks.rules import coverage as rules

SOURCE = SourceIndex((), (), ())


def cover(*files: tuple[str, int, int], excluded: int = 0, allowance: int = 0) -> LineCoverage:
    """Evidence from (path, executable, covered); the first `excluded` lines of the first file are excluded."""
    found = tuple(
        FileCoverage(
            path, lines, covered, tuple(range(1, lines - covered + 1)), tuple(range(1, excluded + 1)) if not n else ()
        )
        for n, (path, lines, covered) in enumerate(files)
    )
    total = sum(f.executable for f in found)
    return LineCoverage(CoverageSummary(sum(f.covered for f in found), total, excluded, allowance, found))


def test_ninety_percent_is_full_and_less_is_its_share() -> None:
    assert rules.lines_are_covered(cover(("a.py", 100, 90))).state is State.PASS
    less = rules.lines_are_covered(cover(("a.py", 10000, 8999)))
    assert (less.state, less.credit, less.actual) == (State.PARTIAL, Fraction(8999, 9000), "89.9 %")
    assert [str(at) for at in less.locations] == ["a.py:1"]
    assert rules.lines_are_covered(cover(("a.py", 10, 0))).state is State.FAIL
    assert rules.lines_are_covered(cover()).state is State.FAIL


def test_files_that_no_test_runs_are_named() -> None:
    assert rules.no_file_is_untested(cover(("a.py", 5, 1), ("empty.py", 0, 0))).state is State.PASS
    some = rules.no_file_is_untested(cover(("a.py", 5, 5), ("b.py", 5, 5), ("c.py", 5, 0)))
    assert (some.credit, [str(at) for at in some.locations]) == (Fraction(2, 3), ["c.py"])
    assert rules.no_file_is_untested(cover(("a.py", 5, 5), ("c.py", 5, 0))).state is State.FAIL
    assert rules.no_file_is_untested(cover(("a.py", 0, 0))).state is State.NOT_APPLICABLE


def test_excluded_lines_beyond_the_allowance_are_debt() -> None:
    omitted = SourceIndex((), (), (), omitted=(("src/*", Location(".coveragerc")),))
    within = rules.little_is_excluded(cover(("a.py", 100, 98), excluded=2, allowance=2), omitted)
    assert within.state is State.PASS
    assert "1 omit or exclude patterns were not followed" in within.reason
    beyond = rules.little_is_excluded(cover(("a.py", 100, 97), excluded=3, allowance=2), SOURCE)
    assert (beyond.state, str(beyond.locations[0])) == (State.FAIL, "a.py:1")


def test_a_weak_folder_does_not_hide_in_a_good_average() -> None:
    good = ("src/config/a.py", 900, 900)
    weak = rules.each_part_is_covered(cover(good, ("src/pipeline/a.py", 50, 10)))
    assert (weak.state, str(weak.locations[0])) == (State.FAIL, "src/pipeline")
    assert rules.each_part_is_covered(cover(good, ("src/pipeline/a.py", 50, 40))).state is State.PASS
    assert rules.each_part_is_covered(cover(("a.py", 9, 0))).state is State.NOT_APPLICABLE
