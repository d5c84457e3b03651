"""Runs a repository's tests inside its own environment, under the grader's coverage, and keeps a record of the run.

A script of the grader that the environment's interpreter runs (Python 3.8 and later; standard library and coverage
only). Its one argument is a file of orders in JSON, which it deletes before any code of the repository runs.
"""

from __future__ import annotations

import json
import os
import sys
import time
import unittest
from typing import Any
from xml.sax.saxutils import quoteattr


class Recorder:
    """A pytest plugin that notes what was collected, what was dropped, and what became of each test."""

    def __init__(self, measuring: Any = None) -> None:
        self.measuring = measuring
        self.collected: list[str] = []
        self.deselected: list[str] = []
        self.outcomes: dict[str, str] = {}
        self.expected: list[str] = []
        self.interrupted = ""

    def pytest_itemcollected(self, item: Any) -> None:
        """Note a test as soon as it is found, before any other plugin can drop it."""
        self.collected.append(item.nodeid)

    def pytest_deselected(self, items: Any) -> None:
        """Note tests that a plugin or an option dropped."""
        self.deselected.extend(item.nodeid for item in items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say to the measurement which test the lines belong to that run from now on."""
        if self.measuring is not None:
            self.measuring.switch_context(nodeid)

    def pytest_runtest_logfinish(self) -> None:
        """Say that no test is running."""
        if self.measuring is not None:
            self.measuring.switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note a test's outcome; a failure in any of its phases stays."""
        if hasattr(report, "wasxfail"):
            self.expected.append(report.nodeid)
        if report.outcome == "failed" or report.nodeid not in self.outcomes or report.when == "call":
            self.outcomes[report.nodeid] = report.outcome

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        """Note that `pytest.exit` or Ctrl-C ended the run early."""
        self.interrupted = str(excinfo.value) or excinfo.typename

    def record(self) -> dict[str, Any]:
        """Return the notes."""
        left = [name for name in self.collected if name not in self.outcomes]
        dropped = set(self.deselected)
        return {
            "collected": len(self.collected),
            "deselected": self.deselected,
            "unran": [name for name in left if name not in dropped],
            "failed": [name for name, outcome in self.outcomes.items() if outcome == "failed"],
            "expected": sorted(set(self.expected)),
            "interrupted": self.interrupted,
        }


class JUnitResult(unittest.TextTestResult):
    """A unittest result that keeps each test's outcome for a JUnit report."""

    cases: list[tuple[str, str, str, str, float]] = []  # noqa: RUF012 - of all results of the process, as Django makes several
    expected: list[str] = []  # noqa: RUF012

    def startTest(self, test: Any) -> None:  # noqa: N802
        """Start the clock."""
        self._clock = time.time()
        super().startTest(test)

    def _keep(self, test: Any, outcome: str, message: object = "") -> None:
        name = test.id()
        case = (name.rpartition(".")[0], name.rpartition(".")[2], outcome, str(message), time.time() - self._clock)
        self.cases.append(case)

    def addSuccess(self, test: Any) -> None:  # noqa: N802
        """Keep a pass."""
        super().addSuccess(test)
        self._keep(test, "")

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        """Keep a failure."""
        super().addFailure(test, err)
        self._keep(test, "failure", err[1])

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        """Keep an error, also one outside of a test."""
        super().addError(test, err)
        self._clock = getattr(self, "_clock", time.time())
        self._keep(test, "error", err[1])

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        """Keep a failed part of a test; its test is then no success."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._keep(test, "failure", err[1])

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        """Keep a skip; a skipped class never started."""
        super().addSkip(test, reason)
        self._clock = getattr(self, "_clock", time.time())
        self._keep(test, "skipped", reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        """Keep an expected failure as a skip, as pytest does."""
        super().addExpectedFailure(test, err)
        self._keep(test, "skipped", "expected failure")
        self.expected.append(test.id())

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        """Keep an unexpected success as the failure that it is."""
        super().addUnexpectedSuccess(test)
        self._keep(test, "failure", "unexpected success")
        self.expected.append(test.id())


def write_junit(path: str, cases: list[tuple[str, str, str, str, float]]) -> None:
    """Write the kept cases as JUnit XML."""
    with open(path, "w", encoding="utf-8", errors="xmlcharrefreplace") as stream:  # noqa: PTH123
        stream.write('<?xml version="1.0" encoding="utf-8"?>\n<testsuites><testsuite name="unittest">\n')
        for group, name, outcome, message, seconds in cases:
            clean = "".join(c for c in message[:2000] if c >= " " or c in "\n\t")
            inner = f"<{outcome} message={quoteattr(clean)}/>" if outcome else ""
            head = f"<testcase classname={quoteattr(group)} name={quoteattr(name)}"
            stream.write(f'{head} time="{seconds:.4f}">{inner}</testcase>\n')
        stream.write("</testsuite></testsuites>\n")


def run_pytest(spec: dict[str, Any], measuring: Any) -> tuple[int, dict[str, Any]]:
    """Run pytest with the grader's options; return its exit code and the record."""
    import pytest

    recorder = Recorder(measuring)
    sys.argv = ["pytest", *spec["args"]]
    code = int(pytest.main(spec["args"], plugins=[recorder]))
    return code, recorder.record()


def run_unittest(spec: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Run unittest, or Django's test command; return the exit code and the record."""
    unittest.TextTestRunner.resultclass = JUnitResult  # type: ignore[assignment]
    sys.argv = list(spec["args"])
    try:
        if spec["kind"] == "django":
            import runpy

            runpy.run_path("manage.py", run_name="__main__")
        else:
            unittest.main(module=None, argv=sys.argv)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    write_junit(spec["junit"], JUnitResult.cases)
    failed = [c[0] + "." + c[1] for c in JUnitResult.cases if c[2] in ("failure", "error")]
    return code, {"collected": len(JUnitResult.cases), "failed": failed, "expected": JUnitResult.expected}


def main() -> None:
    """Obey the orders, then say how the run ended."""
    orders = sys.argv[1]
    with open(orders, encoding="utf-8") as stream:  # noqa: PTH123
        spec = json.load(stream)
    os.unlink(orders)  # noqa: PTH108
    record = os.open(spec["record"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    sys.path[0:1] = [spec["overlay"], *spec["paths"]]  # in place of this script's own folder
    if not spec["measured"]:
        sys.path.remove(spec["overlay"])
        os.environ["PYTHONPATH"] = os.pathsep.join(spec["paths"])
        code, notes = run_pytest(spec, None)
        os.write(record, json.dumps({**notes, "exit": code}).encode())
        sys.exit(code)
    import coverage

    sys.path.remove(spec["overlay"])
    options: dict[str, Any] = {}
    if sys.version_info < (3, 12):
        try:
            import greenlet  # type: ignore[import-untyped] # noqa: F401 - SQLAlchemy's asyncio support runs on it

            options["concurrency"] = ["thread", "greenlet"]
        except ImportError:
            pass
    measuring = coverage.Coverage(config_file=spec["rcfile"], **options)
    os.environ["PYTHONPATH"] = os.pathsep.join(spec["paths"])  # for programs that the tests start
    os.environ["CHECK_COVERAGE_PATH"] = spec["overlay"]
    measuring.start()
    try:
        code, notes = run_pytest(spec, measuring) if spec["kind"] == "pytest" else run_unittest(spec)
    finally:
        measuring.stop()
        measuring.save()
    notes["exit"] = code
    os.write(record, json.dumps(notes).encode())
    sys.exit(code)


if __name__ == "__main__":
    main()
