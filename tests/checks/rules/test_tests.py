from pathlib import Path

import pytest

from checks.evidence.source import SourceIndex, collect
from checks.evidence.suite import SuiteResult, SuiteRun
from checks.formats.junit import TestCase
from checks.model import Check, State, SuiteSummary, Verdict
from checks.rules import tests as rules
from checks.runners.base import Suite
from checks.testing import repository, write_tree

PYTEST = Suite("python", "", "pytest", "pyproject.toml")


def run(
    passed: int = 30, failed: int = 0, skipped: int = 0, *, seconds: float = 3.0, name: str = "test_a", **result: object
) -> SuiteRun:
    outcomes = ["passed"] * passed + ["failed"] * failed + ["skipped"] * skipped
    cases = tuple(TestCase(f"{name}[{n}]", "tests.test_x", outcome) for n, outcome in enumerate(outcomes))
    base = SuiteResult(PYTEST, "complete", cases=cases, lock="uv.lock", pinned="hashes")
    return SuiteRun(SuiteSummary(passed, failed, 0, skipped, seconds), (base._replace(**result),))  # type: ignore[arg-type]


NONE = SuiteRun(SuiteSummary(0, 0, 0, 0, 0.0), ())
UNLUCKY = {
    "install": run(stage="install", problem="no lock"),
    "stopped": run(stage="stopped", problem="it hangs", log="last words"),
    "unknown": run(stage="unknown", problem="no Ruby"),
}


def index(root: Path, *bodies: str, **files: str) -> SourceIndex:
    tests = {f"tests/test_{n}.py": body for n, body in enumerate(bodies)}
    return collect(repository(root, {"pyproject.toml": "", **tests, **files}))


GOOD = "def test_a(): assert f()\n"


@pytest.mark.parametrize("rule", [rules.enough_tests_run, rules.tests_are_quick])
def test_what_needs_a_complete_run_says_what_stands_before_it(rule: Check) -> None:
    assert rule(NONE).blocked_by == "tests.present"
    assert rule(UNLUCKY["install"]).blocked_by == "tests.env-lock"
    assert rule(UNLUCKY["stopped"]).blocked_by == "tests.pass"
    assert rule(UNLUCKY["unknown"]).state is State.ERROR


def test_tests_are_present_or_not(tmp_path: Path) -> None:
    assert rules.tests_are_written(index(tmp_path / "a", GOOD)).state is State.PASS
    assert rules.tests_are_written(index(tmp_path / "b", "def helper(): ...\n")).state is State.FAIL


def test_a_test_file_that_cannot_be_parsed_is_named(tmp_path: Path) -> None:
    verdict = rules.tests_are_written(index(tmp_path, "def test_a(:\n"))
    assert [str(at) for at in verdict.locations] == ["tests/test_0.py"]


def test_tests_that_no_suite_holds_are_not_tests(tmp_path: Path) -> None:
    tree = collect(repository(tmp_path, {"a.test.js": "it('x')\n"}))
    assert "no manifest" in rules.tests_are_written(tree).reason


def test_green_red_and_unfinished_runs_are_told_apart() -> None:
    assert rules.tests_are_green(run()).state is State.PASS
    red = rules.tests_are_green(run(5, 2))
    assert (red.state, red.reason.split(":")[0]) == (State.FAIL, "2 of 7 tests fail")
    (result,) = run(1, 1).results
    cases = (result.cases[0], TestCase("test_b", "tests.test_x", "failed", message="AssertionError: assert 3 == 4"))
    told = rules.tests_are_green(run(1, 1, cases=cases))
    assert told.actual == "AssertionError: assert 3 == 4"
    stopped = rules.tests_are_green(UNLUCKY["stopped"])
    assert (stopped.state, stopped.actual) == (State.FAIL, "last words")
    assert rules.tests_are_green(NONE).blocked_by == "tests.present"
    assert rules.tests_are_green(UNLUCKY["install"]).blocked_by == "tests.env-lock"
    empty = SuiteRun(SuiteSummary(0, 0, 0, 0, 0.0), UNLUCKY["unknown"].results)
    assert rules.tests_are_green(empty._replace(results=(empty.results[0]._replace(cases=()),))).state is State.ERROR


def test_a_suite_in_which_everything_is_skipped_is_not_green() -> None:
    assert rules.tests_are_green(run(0, 0, 9)).state is State.FAIL


def test_twenty_tests_are_enough_and_fewer_earn_their_share() -> None:
    assert rules.enough_tests_run(run(20)).state is State.PASS
    assert rules.enough_tests_run(run(5)).credit == pytest.approx(0.25)
    assert rules.enough_tests_run(run(0, 0, 40)).state is State.FAIL


def skipped(root: Path, decorator: str, counts: SuiteRun) -> Verdict:
    return rules.few_tests_are_skipped(counts, index(root, f"import pytest\n{decorator}\n{GOOD}"))


def test_few_skips_with_a_reason_are_accepted(tmp_path: Path) -> None:
    reason = "@pytest.mark.skip(reason='waits for a release')"
    assert skipped(tmp_path / "a", reason, run(30, 0, 1)).state is State.PASS
    assert skipped(tmp_path / "b", reason, run(30, 0, 2)).state is State.FAIL
    silent = skipped(tmp_path / "c", "@pytest.mark.skip", run(30, 0, 1))
    assert [str(at) for at in silent.locations] == ["tests/test_0.py:3"]
    assert skipped(tmp_path / "d", reason, NONE).state is State.BLOCKED


def test_expected_failures_without_a_reason_are_skips(tmp_path: Path) -> None:
    assert skipped(tmp_path, "@pytest.mark.xfail", run(30)).state is State.FAIL


def test_every_written_test_must_have_run(tmp_path: Path) -> None:
    source = index(tmp_path, GOOD, "def test_left_out(): assert f()\n")
    verdict = rules.every_written_test_is_run(run(), source)
    assert (verdict.state, [str(at) for at in verdict.locations]) == (State.FAIL, ["tests/test_1.py:1"])
    assert rules.every_written_test_is_run(run(), index(tmp_path / "b", GOOD)).state is State.PASS
    assert rules.every_written_test_is_run(NONE, source).state is State.BLOCKED


@pytest.mark.parametrize("how", ["unran", "deselected"])
def test_tests_that_are_dropped_after_collection_fail(tmp_path: Path, how: str) -> None:
    verdict = rules.every_written_test_is_run(run(**{how: ("t.py::test_b",)}), index(tmp_path, GOOD))  # type: ignore[arg-type]
    assert verdict.state is State.FAIL
    assert "t.py::test_b" in verdict.reason


def test_tests_must_assert(tmp_path: Path) -> None:
    empty = "def test_b(): f()\ndef test_c(): assert True\n"
    assert rules.tests_assert(index(tmp_path / "a", GOOD)).state is State.PASS
    assert rules.tests_assert(index(tmp_path / "b", GOOD, empty)).state is State.FAIL
    some = rules.tests_assert(index(tmp_path / "c", GOOD, GOOD, GOOD, empty))
    assert (some.state, some.credit) == (State.PARTIAL, pytest.approx(0.6))
    assert rules.tests_assert(index(tmp_path / "d", "")).state is State.BLOCKED


def test_focus_by_mark_or_option_fails(tmp_path: Path) -> None:
    assert rules.no_test_is_focused(index(tmp_path / "a", GOOD)).state is State.PASS
    option = {"pytest.ini": "[pytest]\naddopts = -m 'not slow'\n"}
    assert "`-m not slow`" in rules.no_test_is_focused(index(tmp_path / "b", GOOD, **option)).reason
    mark = rules.no_test_is_focused(index(tmp_path / "c", f"@pytest.mark.only\n{GOOD}"))
    assert "focused tests" in mark.reason
    assert rules.no_test_is_focused(index(tmp_path / "d", "")).state is State.BLOCKED


def test_five_minutes_are_the_limit() -> None:
    assert rules.tests_are_quick(run(seconds=300)).state is State.PASS
    assert rules.tests_are_quick(run(seconds=301)).state is State.FAIL


def test_hashes_pass_versions_are_half_and_nothing_fails() -> None:
    assert rules.environment_is_locked(run()).state is State.PASS
    assert rules.environment_is_locked(run(pinned="versions")).state is State.PARTIAL
    gems = run(suite=PYTEST._replace(stack="ruby"), pinned="versions", lock="Gemfile.lock")
    assert rules.environment_is_locked(gems).state is State.PASS  # a gem's version is never published twice
    assert rules.environment_is_locked(run(pinned="", lock="")).state is State.FAIL
    assert rules.environment_is_locked(UNLUCKY["install"]).state is State.FAIL
    assert rules.environment_is_locked(UNLUCKY["unknown"]).state is State.ERROR
    assert rules.environment_is_locked(NONE).state is State.BLOCKED


def command(root: Path, text: str | None, *, executable: bool = True, tests: str = GOOD) -> Verdict:
    if text is not None:
        write_tree(root, {"bin/test": text})
        (root / "bin/test").chmod(0o755 if executable else 0o644)
    return rules.one_command_runs_them(index(root, tests))


def test_bin_test_must_run_the_tests_and_tell_the_truth(tmp_path: Path) -> None:
    assert command(tmp_path / "a", "#!/bin/sh\nexec pytest\n").state is State.PASS
    assert command(tmp_path / "b", None).state is State.FAIL
    assert "not executable" in command(tmp_path / "c", "pytest\n", executable=False).reason
    assert "no test runner" in command(tmp_path / "d", "echo pytest\n").reason
    assert "exit code" in command(tmp_path / "e", "pytest || true\n").reason
    assert command(tmp_path / "f", "pytest\n", tests="").state is State.NOT_APPLICABLE
