from pathlib import Path

import pytest

from checks.evidence import coverage, source
from checks.evidence.suite import SuiteResult, SuiteRun
from checks.model import Blocked, NotMeasured, SuiteSummary
from checks.runners.base import Suite
from checks.testing import repository

PYTHON = Suite("python", "", "pytest", "pyproject.toml")


def run(lines: dict[str, set[int]], stage: str = "complete") -> SuiteRun:
    result = SuiteResult(PYTHON, stage, "" if stage == "complete" else "why")
    return SuiteRun(SuiteSummary(1, 0, 0, 0, 1.0), (result,), {p: frozenset(n) for p, n in lines.items()})


def measure(root: Path, files: dict[str, str | bytes], lines: dict[str, set[int]]) -> coverage.LineCoverage:
    tree = repository(root, files)
    return coverage.collect(run(lines), source.collect(tree), tree)


def test_a_file_that_no_report_mentions_counts_with_all_its_lines(tmp_path: Path) -> None:
    found = measure(tmp_path, {"a.py": "x = 1\ny = 2\n", "b.py": "x = (\n 1)\nz = 1\n"}, {"a.py": {1}}).summary
    assert (found.covered, found.total) == (1, 4)
    assert [(f.path, f.measured, f.missing) for f in found.files] == [("a.py", True, (2,)), ("b.py", False, (1, 3))]


def test_any_line_of_a_statement_covers_it(tmp_path: Path) -> None:
    assert measure(tmp_path, {"a.py": "x = (\n    1,\n    2,\n)\n"}, {"a.py": {3}}).summary.covered == 1


def test_tests_and_other_stacks_are_not_source(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"tests/test_a.py": "x = 1\n", "web/a.js": "x = 1\n", "docs/conf.py": "x = 1\n"}
    assert measure(tmp_path, files, {"tests/test_a.py": {1}}).summary.files == ()


def test_code_that_hides_in_another_folder_is_source_once_the_tests_run_it(tmp_path: Path) -> None:
    found = measure(tmp_path, {"docs/engine.py": "x = 1\nif x:\n    y = 1\n"}, {"docs/engine.py": {1, 2}}).summary
    assert (found.covered, found.total) == (2, 3)


def test_excluded_lines_leave_the_total_up_to_the_allowance(tmp_path: Path) -> None:
    plain = "".join(f"x{n} = {n}\n" for n in range(97))
    hidden = "".join(f"h{n} = {n}  # pragma: no cover\n" for n in range(3))
    found = measure(tmp_path, {"a.py": plain + hidden}, {"a.py": set(range(1, 98))}).summary
    assert (found.covered, found.total, found.excluded, found.allowance) == (97, 98, 3, 2)
    assert found.files[0].excluded == (98, 99, 100)


def test_excluded_lines_that_ran_are_simply_covered(tmp_path: Path) -> None:
    text = "x = 1\n" * 99 + "y = 1  # pragma: no cover\n"
    found = measure(tmp_path, {"a.py": text}, {"a.py": set(range(1, 101))}).summary
    assert (found.covered, found.total) == (100, 100)


def test_a_file_that_cannot_be_parsed_or_is_too_large_does_not_vanish(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a.py": "def f(:\n    # c\n\n    x\n", "big.py": b"#" * (2 << 20)}
    found = measure(tmp_path, files, {"a.py": {1}})
    assert found.rough == ("a.py", "big.py")
    assert (found.summary.covered, found.summary.total) == (1, 3)


@pytest.mark.parametrize(("stage", "by"), [("install", "tests.env-lock"), ("stopped", "tests.pass")])
def test_a_run_that_did_not_end_blocks_coverage(tmp_path: Path, stage: str, by: str) -> None:
    tree = repository(tmp_path, {"a.py": "x = 1\n"})
    with pytest.raises(Blocked) as error:
        coverage.collect(run({}, stage), source.collect(tree), tree)
    assert error.value.by == by


def test_no_suite_blocks_and_an_unmeasured_one_is_not_measured(tmp_path: Path) -> None:
    tree = repository(tmp_path, {"a.py": "x = 1\n"})
    with pytest.raises(Blocked) as error:
        coverage.collect(SuiteRun(SuiteSummary(0, 0, 0, 0, 0.0), ()), source.collect(tree), tree)
    assert error.value.by == "tests.present"
    with pytest.raises(NotMeasured):
        coverage.collect(run({}, "unknown"), source.collect(tree), tree)
