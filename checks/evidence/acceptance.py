"""What the application does: its acceptance scenarios, run against it while it runs.

The application is booted in a clean copy from its Procfile by a process of the grader's own, which runs the scenarios
as well: they stay with the grader, and the repository's code never runs in that process.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TextIO

from checks.acceptance.outcome import Case, load
from checks.model import Blocked, NotMeasured
from checks.repository import Repository
from checks.runners import base
from checks.session import Session

if TYPE_CHECKING:  # what boots the application is imported when that is done: a static grading does not
    from checks.acceptance.orders import Orders
    from checks.sandbox import Running

EXECUTES = True
TELL_SECONDS = 0.2  # between two looks at what has ended
_PACKAGES = {"pytest": "pytest", "httpx2": "httpx2", "psycopg": "psycopg", "redis": "redis"}


class AcceptanceRun(NamedTuple):
    """The cases of each scenario that was run, by check id.

    `problem` is empty when the run ended by itself; else it says how it ended, and `log` are its last lines.
    `seconds` is the wall time of booting and of all scenarios.
    """

    cases: Mapping[str, tuple[Case, ...]] = MappingProxyType({})
    seconds: float = 0.0
    problem: str = ""
    log: str = ""


def collect(repository: Repository, session: Session) -> AcceptanceRun:
    """Running the application and its acceptance scenarios.

    Raises Blocked when the repository's dependencies can't be installed, NotMeasured when this machine lacks what it
    takes.
    """
    from dataclasses import replace

    from checks import sandbox
    from checks.acceptance.orders import Orders
    from checks.services.base import started

    _require_packages()
    run = session.work / f"acceptance-{secrets.token_hex(8)}"
    scratch = run / "scratch"
    scratch.mkdir(parents=True)
    folder = _gather(session, run / "scenarios")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, run, ignore_errors=True)
        common = Orders(
            project=session.project.id,
            folders=(str(folder),),
            results=str(run / "results.jsonl"),
            ids=session.scenarios,
            arguments=session.arguments,
        )
        if session.urls:
            return _run(replace(common, urls=dict(session.urls)), run, session)
        copy = run / "copy"
        base.copy_tree(repository, copy)
        runner = base.runners()[session.project.stack[0]]
        suite = base.Suite(session.project.stack[0], "", "", "Procfile")
        try:
            environment = runner.install(suite, copy, session)
        except base.InstallFailed as problem:
            raise Blocked(f"{problem}: {problem.log}".strip(": \n"), by="tests.env-lock") from problem
        stack.enter_context(session.turn)
        services = stack.enter_context(started(session.project.services, session))
        variables = runner.variables(environment, copy)
        orders = replace(
            common,
            copy=str(copy),
            scratch=str(scratch),
            environment=sandbox.environment(scratch / "home", scratch / "tmp", variables),
            services={s.name: s.url for s in services},
            variables={s.name: s.variable for s in services},
            readable=tuple(map(str, environment.readable)),
            isolated=sandbox.isolated(session),
        )
        return _run(orders, run, session)


def _require_packages() -> None:
    from importlib.util import find_spec

    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise NotMeasured(f"acceptance scenarios need {', '.join(missing)}: pip install 'backend-scaffold[acceptance]'")


def _gather(session: Session, folder: Path) -> Path:
    """Bring the project's scenarios and an instructor's own into one folder, so that they share their fixtures."""
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(session.project.acceptance, folder, ignore=ignore)
    if session.acceptance is not None:
        shutil.copytree(session.acceptance, folder, ignore=ignore, dirs_exist_ok=True)
    return folder


def _run(orders: Orders, run: Path, session: Session) -> AcceptanceRun:
    from checks import sandbox

    orders.write(run / "orders.json")
    Path(orders.results).touch()
    # The grader's own environment, less what would steer its pytest.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment = {
        **inherited,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        # Tables of Unicode, which Hypothesis needs seconds to make.
        "HYPOTHESIS_STORAGE_DIRECTORY": str(session.cache / "hypothesis"),
    }
    began = time.monotonic()
    # Our own program, and a browser may be below it: only its time is bounded. The application has bounds of its own.
    command: list[str | Path] = [sys.executable, "-P", "-m", "checks.acceptance", run / "orders.json"]
    running = sandbox.start(command, cwd=run, env=environment)
    try:
        _tell(Path(orders.results), running, began + session.limits.seconds, session)
        done = running.wait(max(0.0, began + session.limits.seconds - time.monotonic()))
    finally:
        running.stop()  # Ctrl-C while waiting
    with Path(orders.results).open(encoding="utf-8") as stream:
        cases = load(stream)
    problem = ""
    if done.timed_out:
        problem = f"the scenarios did not end within {session.limits.seconds:g} s and were ended"
    elif done.exit not in (0, 1, 5):  # 5: pytest found nothing to run, all was left out for a deployment
        problem = f"the acceptance process ended with exit code {done.exit}"
    log = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
    if session.arguments:
        sys.stdout.write(done.stdout)
    return AcceptanceRun(cases, time.monotonic() - began, problem, log)


def _tell(results: Path, running: Running, deadline: float, session: Session) -> None:
    """Say how each case ended while the process runs."""
    told = ""
    with results.open(encoding="utf-8") as stream:
        while not running.ended and time.monotonic() < deadline:
            for id_, cases in load(_whole_lines(stream)).items():
                if told:
                    session.progress(told, True)
                told = f"{id_}: {cases[-1].outcome.value}"
                session.progress(told, False)
            time.sleep(TELL_SECONDS)
    if told:
        session.progress(told, True)


def _whole_lines(stream: TextIO) -> Iterator[str]:
    """Yield the lines that are there; one that is still being written is left for the next look."""
    while True:
        place = stream.tell()
        line = stream.readline()
        if not line.endswith("\n"):
            stream.seek(place)
            return
        yield line
