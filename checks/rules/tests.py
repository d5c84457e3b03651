"""Do the tests exist, run, pass, and could they fail? Judged from one real run and from the tests as written."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from checks.evidence.source import SourceIndex
from checks.evidence.suite import SuiteResult, SuiteRun
from checks.model import (
    Location,
    Verdict,
    blocked,
    check,
    failed,
    not_applicable,
    partial,
    passed,
    percent,
    unknown,
)

if TYPE_CHECKING:
    from checks.evidence._test_functions import TestFunction
    from checks.formats.junit import TestCase

FLOOR = 20  # tests; the walking skeleton of a starter has about as many, so a suite below it proves next to nothing
SECONDS = 300  # of one run; what a team still waits for before a merge
SKIPPED = Fraction(5, 100)  # of all tests; a few wait for an upstream fix in any real suite
SHOWN = 10  # places in one verdict
LOG_END = 500  # characters of a log's end in one verdict


def _stopped(run: SuiteRun) -> Verdict | None:
    """Return the verdict of a check that needs a complete run, when there is none."""
    if not run.results:
        return blocked("no tests were found", by="tests.present")
    if (result := run.at("install")) is not None:
        return blocked(f"{result.suite.title}: {result.problem}", by="tests.env-lock")
    if (result := run.at("unknown")) is not None:
        return unknown(result.problem)
    if (result := run.at("stopped")) is not None:
        return blocked(f"{result.suite.title}: {result.problem}", by="tests.pass")
    return None


def _failed(result: SuiteResult) -> list[TestCase]:
    return [case for case in result.cases if case.outcome in ("failed", "error")]


def _failures(result: SuiteResult) -> list[str]:
    return [f"{c.group}.{c.name}".lstrip(".") for c in _failed(result)]


def _end(log: str) -> str | None:
    """Return the end of a log: the cause stands in its last lines, and a report shows only a few hundred characters."""
    kept = log.strip()[-LOG_END:]
    return kept or None


@check("tests.present", effort="large")
def tests_are_written(source: SourceIndex) -> Verdict:
    """The repository has automated tests.

    Without tests nobody, you included, can change the code and know that it still works.

    Write a first test, in `tests/test_<module>.py` for pytest, that calls your code and asserts what it returns.
    """
    if not source.tests:
        broken = [Location(f.path) for f in source.of_kind("test") if f.problem]
        if broken:
            return failed("no test was found; these test files cannot be parsed", *broken[:SHOWN])
        return failed("no test was found in the tracked files", expected="at least 1 test", actual="0 tests")
    if not source.suites:
        return failed(
            "there are tests, but no manifest or test configuration above them", Location(source.tests[0].path)
        )
    return passed(f"{len(source.tests)} tests are written in {len({t.path for t in source.tests})} files")


@check("tests.pass", effort="medium")
def tests_are_green(run: SuiteRun) -> Verdict:
    """Every test passes, and the run ends by itself.

    A red suite tells nothing: the next real failure drowns in the known ones. The grader runs the tests in a clean
    copy of the tracked files, so a test that needs a file of your machine fails here.

    Run `bin/test` in a fresh clone and repair what fails first; commit every file that the tests read.
    """
    if not run.results:
        return blocked("no tests were found", by="tests.present")
    if (result := run.at("install")) is not None:
        return blocked(f"{result.suite.title}: {result.problem}", by="tests.env-lock")
    if (result := run.at("stopped")) is not None:
        return failed(f"{result.suite.title}: {result.problem}", actual=_end(result.log))
    names = [name for result in run.results for name in _failures(result)]
    if names:
        shown = ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
        cause = next((_end(c.message) for result in run.results for c in _failed(result) if c.message.strip()), None)
        return failed(
            f"{len(names)} of {run.summary.executed} tests fail: {shown}", expected="0 failures", actual=cause
        )
    if (result := run.at("unknown")) is not None:
        return unknown(result.problem)
    if not run.summary.passed:
        return failed("no test was executed: all are skipped or expected to fail", actual="0 executed")
    return passed(f"{run.summary.passed} tests pass", actual=f"{run.summary.passed} passed")


@check("tests.floor", effort="large")
def enough_tests_run(run: SuiteRun) -> Verdict:
    """At least 20 tests are executed.

    One test that touches everything reaches a high coverage and proves little. Skipped tests, and tests that are
    expected to fail, are not executed tests.

    Add tests for the behaviour that matters: each endpoint's success, its refusals, and the edges of each rule.
    """
    stopped = _stopped(run)
    if stopped is not None:
        return stopped
    count = run.summary.executed
    return partial(
        min(Fraction(1), Fraction(count, FLOOR)),
        f"{count} tests were executed",
        expected=f"at least {FLOOR} tests",
        actual=f"{count} tests",
    )


@check("tests.skipped", effort="medium")
def few_tests_are_skipped(run: SuiteRun, source: SourceIndex) -> Verdict:
    """Hardly any test is skipped, and each skip says why.

    A skipped test, or one marked as an expected failure, is a known hole that looks green. At most 5 % may be, each
    with a reason.

    Repair or delete the test; where you must wait for somebody else, write `reason="…"` with a link.
    """
    stopped = _stopped(run)
    if stopped is not None:
        return stopped
    silent = [Location(t.path, t.line) for t in source.tests if t.skipped and not t.reason and t.path.endswith(".py")]
    if silent:
        return failed(f"{len(silent)} tests are skipped without a reason", *silent[:SHOWN])
    total = run.summary.executed + run.summary.skipped
    share = Fraction(run.summary.skipped, total) if total else Fraction(1)
    marked = [Location(t.path, t.line) for t in source.tests if t.skipped]
    if share > SKIPPED:
        return failed(
            f"{run.summary.skipped} of {total} tests did not run",
            *marked[:SHOWN],
            expected=f"at most {percent(SKIPPED)}",
            actual=percent(share),
        )
    return passed(f"{run.summary.skipped} of {total} tests are skipped")


@check("tests.collected", effort="small")
def every_written_test_is_run(run: SuiteRun, source: SourceIndex) -> Verdict:
    """Every test that is written is run.

    A file with a wrong name, a hook that drops tests, or an ignore list leaves tests behind that everybody believes
    in. The grader compares the tests in the source with those that ran.

    Remove `collect_ignore`, deselecting hooks and options; name test files and functions as the runner expects.
    """
    stopped = _stopped(run)
    if stopped is not None:
        return stopped
    dropped = [name for result in run.results for name in (*result.unran, *result.deselected)]
    if dropped:
        shown = ", ".join(dropped[:SHOWN])
        return failed(
            f"{len(dropped)} tests were collected and then dropped: {shown}", actual=f"{len(dropped)} dropped"
        )
    stacks = {result.suite.stack for result in run.results}
    written = {f.path: f.stack for f in source.of_kind("test")}
    ran = {_base(case.name) for result in run.results for case in result.cases}
    left = [
        Location(t.path, t.line)
        for t in source.tests
        if written.get(t.path) in stacks and t.path.endswith(".py") and t.name.rpartition(".")[2] not in ran
    ]
    if left:
        return failed(
            f"{len(left)} of {len(source.tests)} written tests never ran",
            *left[:SHOWN],
            expected="0 left out",
            actual=f"{len(left)} left out",
        )
    return passed("every written test was run")


def _base(name: str) -> str:
    return name.partition("[")[0]  # a parametrised test runs under several names


@check("tests.assertions", effort="medium")
def tests_assert(source: SourceIndex) -> Verdict:
    """Every test asserts something that can be false.

    A test without an assertion passes as long as nothing raises; `assert True` and `expect(true).to be(true)` are no
    assertions, nor is one whose failure is rescued. Such tests raise the coverage and find no bug.

    Assert the result, the stored state or the message that was sent; use `pytest.raises`, `raise_error` or
    `assert_raises` for an expected error.
    """
    tests = [t for t in source.tests if not t.skipped]
    if not tests:
        return blocked("no tests were found", by="tests.present")
    empty = [t for t in tests if t.asserts is False]
    unread = [t for t in tests if t.asserts is None]
    if unread and not empty:
        return unknown(_unread(unread[0], len(unread)))
    return partial(
        Fraction(len(tests) - len(empty), len(tests)) if 2 * len(empty) < len(tests) else Fraction(0),
        f"{len(empty)} of {len(tests)} tests assert nothing" if empty else f"all {len(tests)} tests assert something",
        *(Location(t.path, t.line) for t in empty[:SHOWN]),
        expected="0 tests without an assertion",
        actual=f"{len(empty)}",
    )


def _unread(test: TestFunction, count: int) -> str:
    text = f"whether {count} tests assert anything can't be read, from {test.path} line {test.line} on"
    if test.path.endswith(".rb"):
        return f"{text}: Ruby's parser is missing (pip install 'backend-scaffold[strength]') or doesn't know its syntax"
    return f"{text}: assertions are read in Python and Ruby"


@check("tests.focused", effort="small")
def no_test_is_focused(source: SourceIndex) -> Verdict:
    """No configuration and no mark makes the runner leave tests out.

    `fit`, `describe.only`, or `-k`, `-m` and `--deselect` in the project's own options help for an hour. Committed,
    they switch off the rest of the suite without a word.

    Remove the focus, or the option from `addopts`; give such options on the command line.
    """
    if not source.tests:
        return blocked("no tests were found", by="tests.present")
    focused = [Location(t.path, t.line) for t in source.tests if t.focused]
    options = [place for _, place in source.narrowed]
    if focused or options:
        what = ", ".join([f"`{option}`" for option, _ in source.narrowed] + ["focused tests"] * bool(focused))
        return failed(f"tests are left out by {what}", *(options + focused)[:SHOWN])
    return passed("no test is focused or filtered out")


@check("tests.time", effort="medium")
def tests_are_quick(run: SuiteRun) -> Verdict:
    """The tests take at most five minutes.

    A suite that takes longer is run less often, and its failures are looked at later, when they cost more.

    See the slowest with `pytest --durations=10`; replace waiting by conditions, and share expensive set-up.
    """
    stopped = _stopped(run)
    if stopped is not None:
        return stopped
    seconds = run.summary.seconds
    if seconds > SECONDS:
        return failed(f"the tests took {seconds:.0f} s", expected=f"at most {SECONDS} s", actual=f"{seconds:.0f} s")
    return passed(f"the tests took {seconds:.1f} s", actual=f"{seconds:.1f} s")


@check("tests.env-lock", effort="small")
def environment_is_locked(run: SuiteRun) -> Verdict:
    """The tests' dependencies install from a lock file with hashes.

    Without one, each machine gets what was newest that day, and a green run can't be repeated. With versions pinned
    but no hashes it is half done: files may be added to a release of a Python or Node package. A gem's version is
    published once and for all (RubyGems.org refuses to push it again), so there the versions are enough.

    Commit `uv.lock`, `poetry.lock`, or requirements compiled with `uv pip compile --generate-hashes`; install from it.
    For Ruby commit `Gemfile.lock`; `bundle lock --add-checksums` also guards against a mirror that is not honest.
    """
    if not run.results:
        return blocked("no tests were found", by="tests.present")
    if (result := run.at("install")) is not None:
        return failed(f"{result.suite.title}: {result.problem}", actual=_end(result.log))
    known = [r for r in run.results if r.stage != "unknown"]
    if not known:
        return unknown(run.results[0].problem)
    credit = {"hashes": Fraction(1), "gems": Fraction(1), "versions": Fraction(1, 2), "": Fraction(0)}

    def pinned(result: SuiteResult) -> str:
        return "gems" if result.suite.stack == "ruby" and result.pinned == "versions" else result.pinned

    worst = min(known, key=lambda r: credit[pinned(r)])
    found = {
        "hashes": f"installed from {worst.lock}",
        "gems": f"installed from {worst.lock}",
        "versions": f"{worst.lock} pins versions without hashes",
        "": f"{worst.lock or 'the manifest'} does not pin its versions",
    }[pinned(worst)]
    return partial(credit[pinned(worst)], found, expected="a lock file with hashes", actual=worst.lock or "none")


@check("tests.documented-command", effort="small")
def one_command_runs_them(source: SourceIndex) -> Verdict:
    """The command `bin/test` runs the tests and fails when they do.

    Whoever clones the repository, a person or a machine, should need one command and no knowledge of the tools.

    Add an executable `bin/test` (`git update-index --chmod=+x bin/test`) that calls the test runner, without `|| true`.
    """
    if not source.tests:
        return not_applicable("there are no tests to run")
    command = source.command
    if command is None:
        return failed("there is no bin/test", expected="an executable bin/test")
    place = Location(command.path)
    if not command.executable:
        return failed("bin/test is not executable", place, repair="git update-index --chmod=+x bin/test")
    if not command.runs:
        return failed("bin/test calls no test runner", place)
    if command.forgiving:
        return failed("bin/test hides the runner's exit code", place, actual=command.runs)
    return passed(f"bin/test runs `{command.runs}`", place)
