"""The Ruby runner: RSpec and Minitest, on the repository's own bundle, under the grader's own coverage and record.

The grader's options decide. Of `.rspec` only what the specs can't do without is kept; SimpleCov's filters and limits
have no effect; what the repository does when the process ends is no part of the run.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from checks import sandbox
from checks.formats import ruby_coverage
from checks.formats.junit import JUnitReport
from checks.runners.base import Environment, RawRun, Suite
from checks.runners.finding import RUBY_FRAMEWORKS, is_ruby_test
from checks.runners.launching import INSIDE, box_for_tests, ended, example_values, run_folder
from checks.runners.options import split_options
from checks.runners.ruby_environment import bundle_variables, install
from checks.runners.ruby_record import Record, disagreement, read_record
from checks.sandbox import Completed
from checks.session import Session

_HERE = INSIDE / "ruby"
_FIELD = "\x1f"
_SYSTEM_TESTS = "test/system/"  # need a browser; `bin/rails test` leaves them to `test:system`


class RubyRunner:
    """RSpec and Minitest suites: a folder with a Gemfile and tests below it."""

    stack = "ruby"

    def install(self, suite: Suite, copy: Path, session: Session) -> Environment:
        """Return the suite's bundle; raises InstallFailed or NotMeasured."""
        return install(suite, copy, session)

    def test(
        self, suite: Suite, copy: Path, environment: Environment, services: Mapping[str, str], session: Session
    ) -> RawRun:
        """Run the suite and read what it left; raises NotMeasured when isolation is required and missing."""
        folder = (copy / suite.folder).resolve()
        failed = _prepare_database(folder, copy, environment, services, session)
        if failed is not None:
            return failed
        files, aside = _test_files(folder, suite.framework)
        if aside:
            session.note(f"{suite.title}: {len(aside)} files of {_SYSTEM_TESTS} were not run: they need a browser")
        kept, dropped = _rspec_options(folder) if suite.framework == "rspec" else ([], [])
        arguments = _arguments(suite.framework, kept, files)
        run = run_folder(session)
        record = run / "out" / secrets.token_hex(16)
        seconds = session.limits.seconds
        done = _launch(arguments, record, folder, copy, environment, services, session, seconds, measured=True)
        return _read(copy.resolve(), record, done, session, shlex.join(dropped))

    def variables(self, environment: Environment, folder: Path) -> dict[str, str]:
        """Return the variables of `.env.example`, secrets, and what leads to the bundle.

        `RAILS_ENV` and `RACK_ENV` are those of `.env.example`, else ``production``, as wherever a Procfile is deployed.
        """
        values = example_values(folder)
        return {"RAILS_ENV": "production", "RACK_ENV": "production", **values, **_variables(environment, folder)}

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
        """Run the named tests of a suite until the first failure, unmeasured, and return how that ended.

        Exit code 0 means that all of them passed. Raises NotMeasured when isolation is required and missing.
        """
        folder = (copy / suite.folder).resolve()
        _prepare_database(folder, copy, environment, services, session)
        if suite.framework == "rspec":
            arguments = _arguments("rspec", [*_rspec_options(folder)[0], "--fail-fast"], tests)
        else:
            files, _ = _test_files(folder, suite.framework)
            arguments = _arguments("minitest", ["--exitfirst", *(f"--only={test}" for test in tests)], files)
        record = run_folder(session) / "out" / secrets.token_hex(16)
        return _launch(arguments, record, folder, copy, environment, services, session, seconds, measured=False)

    def tests_by_line(self, data: Path, file: Path) -> Mapping[int, frozenset[str]]:
        """Return the tests that ran each line of a file; raises OSError or ValueError when the data can't be read."""
        return ruby_coverage.tests_by_line(data, str(file))


def _test_files(folder: Path, framework: str) -> tuple[list[str], list[str]]:
    """Return the test files that belong to the Gemfile in `folder`, and those that need a browser and are left out."""
    inner = {p.parent for p in folder.rglob("Gemfile") if p.parent != folder}
    found = sorted(
        p.relative_to(folder).as_posix()
        for p in folder.rglob(f"*{RUBY_FRAMEWORKS[framework]}")
        if p.is_file() and inner.isdisjoint(p.parents) and is_ruby_test(p.relative_to(folder).as_posix())
    )
    aside = [path for path in found if framework == "minitest" and path.startswith(_SYSTEM_TESTS)]
    return [path for path in found if path not in aside], aside


def _arguments(framework: str, options: Sequence[str], tests: Sequence[str]) -> list[str]:
    if framework == "minitest":
        return [*options, "--seed", "1", "--", *tests]
    # The order of the files and of the examples in them, so that two runs are alike.
    own = ["--options", "/dev/null", "--no-color", "--format", "progress", "--order", "defined"]
    return [*own, *options, *tests]


def _rspec_options(folder: Path) -> tuple[list[str], list[str]]:
    """Return the words of `.rspec` that are kept and those that are dropped."""
    kept: list[str] = []
    dropped: list[str] = []
    for path in (folder / ".rspec", folder / ".rspec-local"):
        if path.is_file():
            parts = split_options(path.read_text(encoding="utf-8", errors="replace"))
            for words, options in zip((kept, dropped), parts, strict=True):
                words += [word for option in options for word in option]
    return kept, dropped


def _variables(environment: Environment, folder: Path) -> dict[str, str]:
    facts = json.loads((environment.root / "ready.json").read_text())
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SECRET_KEY_BASE": secrets.token_hex(64),
        "RAILS_LOG_TO_STDOUT": "1",
        **bundle_variables(environment.root, folder, Path(facts["path"]), facts["bundler"]),
    }


def _test_variables(environment: Environment, folder: Path, services: Mapping[str, str]) -> dict[str, str]:
    return {
        **example_values(folder),
        **_variables(environment, folder),
        "RAILS_ENV": "test",
        "RACK_ENV": "test",
        # One process and one thread: what runs at a time can be told apart.
        "PARALLEL_WORKERS": "1",
        "MT_CPU": "1",
        # It would serve a file as it was when another of the same size is written within the same second.
        "DISABLE_BOOTSNAP_COMPILE_CACHE": "1",
        "DISABLE_SPRING": "1",
        **services,
    }


def _prepare_database(
    folder: Path, copy: Path, environment: Environment, services: Mapping[str, str], session: Session
) -> RawRun | None:
    """Create the database of a Rails app and load its schema, once for each server; return what a failure comes to."""
    if "DATABASE_URL" not in services or not (folder / "bin/rails").is_file() or not (folder / "db").is_dir():
        return None
    name = hashlib.sha256(f"{folder}\0{services['DATABASE_URL']}".encode()).hexdigest()[:16]
    marker = session.work / f"database-{name}"
    if marker.exists():
        return None
    loads = any((folder / "db" / schema).is_file() for schema in ("schema.rb", "structure.sql"))
    run = run_folder(session)
    variables = _test_variables(environment, folder, services)
    base = sandbox.environment(run / "home", run / "tmp", variables)
    box = box_for_tests(session, environment.readable, (copy, run), services)
    # Not db:prepare, which fills a new database with seeds.
    command = ["ruby", "bin/rails", "db:create", "db:schema:load" if loads else "db:migrate"]
    done = sandbox.run(command, cwd=folder, env=base, limits=session.limits, seconds=session.limits.seconds, box=box)
    if done.exit != 0:
        problem = ended(done, session) or f"`{' '.join(command[1:])}` ended with exit code {done.exit}"
        return RawRun(JUnitReport(), problem=problem, log=done.last_lines(12), exit=done.exit, seconds=done.seconds)
    marker.touch()
    return None


def _launch(
    arguments: Sequence[str],
    record: Path,
    folder: Path,
    copy: Path,
    environment: Environment,
    services: Mapping[str, str],
    session: Session,
    seconds: float,
    *,
    measured: bool,
) -> Completed:
    run = record.parents[1]
    (run / "orders").write_text(_FIELD.join([str(record), environment.framework, *arguments]), encoding="utf-8")
    variables = _test_variables(environment, folder, services)
    if measured:
        variables |= {
            "RUBYOPT": "-rcheck_coverage",
            "RUBYLIB": str(_HERE / "preloaded"),
            "CHECK_COVERAGE_ROOT": str(copy.resolve()),
            "CHECK_COVERAGE_DATA": str(run / "data"),
        }
    base = sandbox.environment(run / "home", run / "tmp", variables)
    box = box_for_tests(session, environment.readable, (copy, run), services)
    command: list[str | Path] = ["ruby", _HERE / "launch.rb", run / "orders"]
    return sandbox.run(command, cwd=folder, env=base, limits=session.limits, seconds=seconds, box=box)


def _read(copy: Path, file: Path, done: Completed, session: Session, dropped: str) -> RawRun:
    problem = ended(done, session)
    record = None
    try:
        record = read_record(file)
    except ValueError as error:
        problem = problem or str(error)
    problem = problem or disagreement(record, done)
    record = record or Record()
    data = file.parents[1] / "data"
    hits = ruby_coverage.read_folder(data)
    if hits.problems:
        problem = problem or f"the coverage data cannot be read: {hits.problems[0]}"
    lines = {
        path.relative_to(copy).as_posix(): numbers
        for path, numbers in ((Path(name), numbers) for name, numbers in hits.executed.items())
        if path.is_relative_to(copy)
    }
    return RawRun(
        JUnitReport(record.cases), lines, problem, done.last_lines(12) if problem else "", done.exit, done.timed_out,
        done.seconds, record.unran, record.deselected, record.expected, dropped, data,
    )  # fmt: skip
