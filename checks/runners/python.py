"""The Python runner: pytest, Django's test command or unittest, under the grader's own coverage and record.

The grader's options decide. The repository's `addopts` are dropped but for those that its tests can't do without;
its coverage configuration is never read; caches, reports and data files of an earlier run are not there.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.runners.base import Environment, RawRun, Suite
from checks.runners.options import addopts
from checks.session import Session

if TYPE_CHECKING:  # what runs a suite is imported when one is run: a static grading only finds it
    from checks.formats.junit import JUnitReport
    from checks.sandbox import Completed

# Options that change how tests are found and imported, but not which of them count or where reports go.
_SAFE_OPTIONS = re.compile(
    r"^(?:--import-mode|--ds|--dc|--django-debug-mode|--asyncio-mode|--reuse-db|--no-migrations|--nomigrations"
    r"|--doctest-modules|--doctest-glob|--strict-markers|--strict-config|--strict)(?:=|$)"
)
_VALUE_OPTIONS = frozenset({"--import-mode", "--ds", "--dc", "--asyncio-mode", "--doctest-glob", "--django-debug-mode"})
_PYTEST_ENDS = {
    2: "the run was interrupted",
    3: "pytest had an internal error",
    4: "pytest was not started: its configuration is wrong",
    5: "no tests were collected",
}


class PythonRunner:
    """Suites of pytest, Django and unittest."""

    stack = "python"

    def install(self, suite: Suite, copy: Path, session: Session) -> Environment:
        """Return the suite's environment; raises InstallFailed or NotMeasured."""
        from checks.runners.python_environment import install

        return install(suite, copy, session)

    def test(
        self, suite: Suite, copy: Path, environment: Environment, services: Mapping[str, str], session: Session
    ) -> RawRun:
        """Run the suite and read what it left; raises NotMeasured when isolation is required and missing."""
        from checks.runners.launching import run_folder

        folder = (copy / suite.folder).resolve()
        run = run_folder(session)
        kept, dropped = _options(folder)
        orders = _orders(folder, copy.resolve(), run, environment, kept)
        done = _launch(orders, run, folder, copy, environment, services, session, session.limits.seconds)
        return _read(copy.resolve(), orders, done, session, dropped)

    def variables(self, environment: Environment, folder: Path) -> dict[str, str]:
        """Return the variables of `.env.example`, a secret, and what leads to the environment."""
        return _variables(environment, folder)

    def retest(
        self,
        suite: Suite,
        copy: Path,
        environment: Environment,
        services: Mapping[str, str],
        session: Session,
        tests: Sequence[str],
        seconds: float,
    ) -> Completed:
        """Run the named tests of a pytest suite until the first failure, unmeasured, and return how that ended.

        Exit code 0 means that all of them passed. Raises NotMeasured when isolation is required and missing.
        """
        from checks.runners.launching import run_folder

        folder = (copy / suite.folder).resolve()
        run = run_folder(session)
        orders = _orders(folder, copy.resolve(), run, environment, _options(folder)[0])
        orders["measured"] = False
        dropped = ("--junitxml", "--continue-on-collection-errors", "--maxfail")
        orders["args"] = [a for a in orders["args"] if not a.startswith(dropped)] + ["--exitfirst", *tests]
        return _launch(orders, run, folder, copy, environment, services, session, seconds)

    def tests_by_line(self, data: Path, file: Path) -> Mapping[int, frozenset[str]]:
        """Return the test functions that ran each line of a file; raises OSError or ValueError.

        They are named without their parameters: some of those differ from run to run.
        """
        from checks.formats import coverage_py

        tests = coverage_py.tests_by_line(data, str(file))
        return {line: frozenset(name.partition("[")[0] for name in names) for line, names in tests.items()}


def _variables(environment: Environment, folder: Path) -> dict[str, str]:
    from checks.runners.launching import example_values

    return {
        **example_values(folder),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "VIRTUAL_ENV": str(environment.root),
        "PATH": f"{environment.root / 'bin'}:{os.environ.get('PATH', os.defpath)}",
    }


def _launch(
    orders: dict[str, Any],
    run: Path,
    folder: Path,
    copy: Path,
    environment: Environment,
    services: Mapping[str, str],
    session: Session,
    seconds: float,
) -> Completed:
    from checks import sandbox
    from checks.runners.launching import INSIDE, box_for_tests

    (run / "orders.json").write_text(json.dumps(orders))
    variables = {**_variables(environment, folder), "PYTHONDONTWRITEBYTECODE": "1", **services}
    base = sandbox.environment(run / "home", run / "tmp", variables)
    box = box_for_tests(session, environment.readable, (copy, run), services)
    command = [environment.root / "bin" / "python", INSIDE / "launch.py", run / "orders.json"]
    return sandbox.run(command, cwd=folder, env=base, limits=session.limits, seconds=seconds, box=box)


def _orders(folder: Path, copy: Path, run: Path, environment: Environment, kept: str) -> dict[str, Any]:
    """Return what `inside/launch.py` shall do; the names of its reports are not to be guessed."""
    report, record = (run / "out" / f"{secrets.token_hex(16)}{suffix}" for suffix in (".xml", ".json"))
    # No omit, no excluded lines, no sources: the grader decides later, from the tree, what should have been covered.
    rules = [
        "[run]", "branch = false", "parallel = true", f"include = {copy}/*", "patch = subprocess, _exit, fork",
        f"data_file = {run / 'data' / secrets.token_hex(8)}",
        # Not sysmon, which is faster: it can't tell which test ran a line, and planted bugs are tried on those tests.
        "disable_warnings = no-data-collected, module-not-measured", "core = ctrace",
    ]  # fmt: skip
    (run / "coveragerc").write_text("\n".join(rules) + "\n")
    pytest = [
        f"--rootdir={folder}", f"--junitxml={report}", "-p", "no:cacheprovider", "-o", "junit_family=xunit1",
        "-o", "junit_logging=no", "-o", f"addopts={kept}", "--continue-on-collection-errors", "--maxfail=0",
        "-q", "--tb=short", "--color=no", "--no-header",
    ]  # fmt: skip
    below = folder / "tests"
    discover = ["-s", "tests", *(["-t", "."] if (below / "__init__.py").is_file() else [])] if below.is_dir() else []
    arguments = {
        "pytest": pytest,
        "django": ["manage.py", "test", "--noinput"],
        "unittest": ["unittest", "discover", *discover],
    }[environment.framework]
    source = folder / "src"
    return {
        "kind": environment.framework,
        "args": arguments,
        "rcfile": str(run / "coveragerc"),
        "junit": str(report),
        "record": str(record),
        "paths": [str(p) for p in (source, folder) if p.is_dir()],
        "overlay": str(environment.tools),
        "data": str(run / "data"),
        "measured": True,
    }


def _read(copy: Path, orders: dict[str, Any], done: Completed, session: Session, dropped: str) -> RawRun:
    from checks.formats import coverage_py, junit
    from checks.runners.launching import ended

    record = _record(Path(orders["record"]))
    problem = ended(done, session)
    if record is None:
        how = f"with exit code {done.exit}" if done.exit is not None else "by force"
        problem = problem or f"the run ended {how} before it was over"
        record = {}
    report = junit.JUnitReport()
    try:
        report = junit.read(Path(orders["junit"]))
    except junit.ReportProblem as error:
        problem = problem or str(error)
    problem = problem or _disagreement(record, report, done)
    hits = coverage_py.read_folder(Path(orders["data"]))
    lines: dict[str, frozenset[int]] = {}
    for path, numbers in hits.executed.items():
        file = Path(path)
        if file.is_relative_to(copy):
            lines[file.relative_to(copy).as_posix()] = numbers
    if hits.problems:
        problem = problem or f"the coverage data cannot be read: {hits.problems[0]}"
    return RawRun(
        report, lines, problem, done.last_lines(12) if problem else "", done.exit, done.timed_out, done.seconds,
        tuple(record.get("unran", ())), tuple(record.get("deselected", ())), tuple(record.get("expected", ())), dropped,
        Path(orders["data"]),
    )  # fmt: skip


def _record(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _disagreement(record: dict[str, Any], report: JUnitReport, done: Completed) -> str:
    """Say how exit code, report and record contradict each other or the run stopped early; empty if they agree."""
    if record.get("interrupted"):
        return f"the run was stopped from within: {record['interrupted']}"
    if done.exit not in (0, 1):
        return _PYTEST_ENDS.get(done.exit or 0, f"the run ended with exit code {done.exit}")
    if not report.cases:
        return "no tests were run"
    bad = report.count("failed") + report.count("error")
    if record.get("exit") != done.exit or (done.exit == 0) != (bad == 0) or bool(record.get("failed")) > bool(bad):
        return f"exit code {done.exit} contradicts the report of {bad} failures"
    return ""


def _options(folder: Path) -> tuple[str, str]:
    """Split the repository's `addopts` into the part that is kept and the part that is dropped."""
    _, words = addopts(lambda name: _text(folder / name))
    kept: list[str] = []
    dropped: list[str] = []
    position = 0
    while position < len(words):
        word, value = words[position], words[position + 1] if position + 1 < len(words) else ""
        takes = (word in _VALUE_OPTIONS or word in ("-p", "-k", "-m", "-n", "--deselect", "--ignore")) and bool(value)
        part = [word, value] if takes else [word]
        safe = bool(_SAFE_OPTIONS.match(word)) or (word == "-p" and takes and not value.startswith("no:"))
        (kept if safe else dropped).extend(part)
        position += len(part)
    return shlex.join(kept), shlex.join(dropped)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
