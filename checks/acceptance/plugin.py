"""The pytest plugin of the acceptance process: fixtures for scenarios, and a line of JSON for each case."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from checks.acceptance import Mismatch, application, scenarios
from checks.acceptance.application import App
from checks.acceptance.containers import Image, built
from checks.acceptance.contract import Contract, Violation
from checks.acceptance.orders import Orders
from checks.acceptance.outcome import Case, Outcome, dump
from checks.acceptance.peer import Handler, Peer
from checks.acceptance.recorder import Recorder
from checks.model import Blocked, NotMeasured
from checks.runners.base import BootFailed
from checks.runners.processes import READY_SECONDS, Process
from scaffolder.projects import Project

BOOT_CHECK = "acceptance.m1.processes-boot"  # what everything else waits for when the application does not boot
COMMIT = "c0ffee0123456789c0ffee0123456789c0ffee01"  # what the image is told that it was built from
SHOWN = 1_000  # characters of a reason, of an expected or an actual value


class Deployment:
    """The application where it is deployed: nothing but its URLs."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls

    def url(self, name: str) -> str:
        """Return the base URL of a process; raises NotMeasured when none was given."""
        if name not in self._urls:
            raise NotMeasured(f"no URL was given for the process {name}: add --url {name}=https://…")
        return self._urls[name]


class Plugin:
    """Runs the ordered scenarios and writes down how each case ended."""

    def __init__(self, orders: Orders, project: Project) -> None:
        self._orders, self._project = orders, project
        self._recorder = Recorder()
        self._wanted = frozenset(orders.ids)
        self._boot: BootFailed | None = None
        self._first: App | None = None  # the shared application, once it is released
        self._release_over = threading.Event()
        self._contract: Contract | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Register the marks of scenarios."""
        config.addinivalue_line("markers", "safe: may be run against a deployment; reads, and leaves nothing behind")
        config.addinivalue_line("markers", "late: asks how something went in the background; run behind all others")
        config.addinivalue_line("markers", "last: ends what all others need; run behind even those that are late")

    def pytest_collection_modifyitems(self, items: list[pytest.Item], config: pytest.Config) -> None:
        """Keep what was asked for, in the order of milestones and those with marks behind; tell of those left out."""
        kept: list[pytest.Item] = []
        dropped: list[pytest.Item] = []
        for item in sorted(items, key=_place):
            id_ = _id(item)
            if id_ is None or (self._wanted and id_ not in self._wanted):
                dropped.append(item)
            elif self._orders.urls and item.get_closest_marker("safe") is None:
                dropped.append(item)
                self._write(
                    id_, Case(_case(item), Outcome.UNKNOWN, "it changes data, so it is not run on a deployment")
                )
            else:
                kept.append(item)
        items[:] = kept
        if dropped:
            config.hook.pytest_deselected(items=dropped)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Forget the last exchange of the scenario before."""
        self._recorder.last = None
        item.stash[_STARTED] = time.monotonic()
        yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Write down how the case ended: at its call, or where its preparation failed."""
        yield
        id_ = _id(item)
        problem = call.excinfo.value if call.excinfo is not None else None
        if id_ is None or (call.when != "call" and problem is None):
            return
        if call.when == "teardown":
            case = Case(_case(item), Outcome.CRASHED, f"tidying up failed: {_short(problem)}")
        else:
            case = self._judge(id_, item, problem)
        self._write(id_, case)

    def _judge(self, id_: str, item: pytest.Item, problem: BaseException | None) -> Case:
        def case(outcome: Outcome, reason: str = "", **more: Any) -> Case:
            seconds = round(time.monotonic() - item.stash[_STARTED], 3)
            return Case(_case(item), outcome, reason[:SHOWN], seconds=seconds, **more)

        shown = str(self._recorder.last or "")
        match problem:
            case None:
                return case(Outcome.PASSED)
            case BootFailed() if self._boot is problem and id_ != BOOT_CHECK:
                return case(Outcome.BLOCKED, f"the application does not boot: {problem}", by=BOOT_CHECK)
            case BootFailed():
                return case(Outcome.FAILED, f"{problem}\n{problem.log}".strip())
            case Blocked():
                return case(Outcome.BLOCKED, str(problem), by=problem.by)
            case NotMeasured():
                return case(Outcome.UNKNOWN, str(problem))
            case Mismatch():
                expected, actual = _short(problem.expected), _short(problem.actual)
                return case(Outcome.FAILED, problem.sentence, expected=expected, actual=actual, request=shown)
            case AssertionError():
                sentence, expression = _sentence(problem)
                return case(Outcome.FAILED, sentence, actual=expression, request=shown)
            case httpx2.TransportError():
                return case(Outcome.FAILED, f"No answer: {_request(problem)}{type(problem).__name__}: {problem}")
            case _:
                return case(*self._unexpected(problem), request=shown)

    def _unexpected(self, problem: BaseException) -> tuple[Outcome, str]:
        """A scenario that trips over an answer that violates the contract found a fault; else it is one itself."""
        last, contract = self._recorder.last, self._contract
        if last is not None and contract is not None:
            violation = contract.violation(last)
            if violation is not None:
                return Outcome.FAILED, f"The answer does not conform to the contract. {violation.reason}"
        frame = traceback.extract_tb(problem.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        return Outcome.CRASHED, f"{type(problem).__name__}: {problem} ({where})"

    def _write(self, id_: str, case: Case) -> None:
        with Path(self._orders.results).open("a", encoding="utf-8") as stream:
            stream.write(dump(id_, case) + "\n")

    def _described(self, app: App | Deployment) -> App | Deployment:
        """Hold what the project's first process answers to the grader's copy of the contract."""
        name = self._project.processes[0]
        if isinstance(app, App) or name in self._orders.urls:
            self._contract = Contract(self._document, self._recorder, app.url(name))
        return app

    @property
    def _document(self) -> Path:
        return self._project.starter / "docs" / "openapi.yaml"

    @pytest.fixture(scope="session")
    def app_env(self) -> dict[str, str]:
        """Variables that the shared application gets besides its services; a project's conftest overrides this."""
        return {}

    @pytest.fixture(scope="session")
    def app(self, app_env: Mapping[str, str]) -> Iterator[App | Deployment]:
        """The application: booted with all its processes, an empty database and an empty Redis."""
        if self._orders.urls:
            yield self._described(Deployment(self._orders.urls))
            return
        try:
            with application.booted(self._orders, app_env, released=self._is_released) as app:
                yield self._described(app)
        except BootFailed as problem:
            self._boot = problem
            raise
        finally:
            self._release_over.set()

    @pytest.fixture(autouse=True)
    def processes_run(self, request: pytest.FixtureRequest) -> None:
        """Start what a scenario before left stopped, for one that needs the application. A deployment is left alone."""
        app = request.getfixturevalue("app") if "app" in request.fixturenames else None
        if isinstance(app, App):
            for name in app.booted.processes:
                if name not in app.in_hand and not app.running(name):
                    app.start(name)

    def _is_released(self, app: App) -> None:
        self._first = app
        self._release_over.set()

    @pytest.fixture(scope="session")
    def release_over(self) -> Callable[[], bool]:
        """Waits, in a thread that boots a second application, until the first one's release is over.

        After that the second begins with a copy of the database; before, it would do the same work a second time.
        """
        return lambda: self._release_over.wait(READY_SECONDS)

    @pytest.fixture(scope="session")
    def boot(self, app_env: Mapping[str, str]) -> Callable[..., AbstractContextManager[App]]:
        """Boots a second application: `boot(env={…}, only=("api",))`."""

        def boot(
            env: Mapping[str, str | None] | None = None, only: Sequence[str] | None = None
        ) -> AbstractContextManager[App]:
            return application.booted(self._orders, {**app_env, **(env or {})}, only, self._first)

        return boot

    @pytest.fixture(scope="session")
    def launch(self, app_env: Mapping[str, str]) -> Callable[..., AbstractContextManager[Process]]:
        """Starts a single process without waiting for it: `launch("api", env={"SECRET_KEY": None})`."""

        def launch(name: str, env: Mapping[str, str | None] | None = None) -> AbstractContextManager[Process]:
            return application.launched(self._orders, name, {**app_env, **(env or {})})

        return launch

    @pytest.fixture(scope="session")
    def prepare(self, app_env: Mapping[str, str]) -> Callable[[], AbstractContextManager[App]]:
        """Makes databases and an environment for an application whose processes are started in another way."""
        return lambda: application.prepared(self._orders, app_env)

    @pytest.fixture(scope="session")
    def image(self) -> Iterator[Image]:
        """The image of the application's Dockerfile, built by the container tool of this machine."""
        with built(Path(self._orders.copy), commit=COMMIT) as image:
            yield image

    @pytest.fixture(scope="session")
    def client(self) -> Iterator[Callable[..., httpx2.Client]]:
        """Makes HTTP clients whose answers are noted: `client(app.url("api"), headers={…})`."""
        yield self._recorder.client
        self._recorder.close()

    @pytest.fixture(scope="session")
    def contract(self, app: App | Deployment) -> Contract:
        """The grader's copy of the contract, for the process that it describes: the project's first."""
        if self._contract is None:
            raise NotMeasured(f"no URL was given for the process that the contract describes ({app})")
        return self._contract

    @pytest.fixture(scope="session")
    def fuzz(self) -> Callable[..., list[Violation]]:
        """Makes requests from the contract, of any application: `fuzz(app.url("api"), headers, examples=6)`.

        It shares nothing with `contract`, so that it may be called in a thread beside it.
        """
        return Contract(self._document, self._recorder, "").fuzz

    @pytest.fixture(scope="session")
    def limits(self) -> SimpleNamespace:
        """The figures of the project's `[limits]`, as attributes."""
        return SimpleNamespace(**self._project.limits)

    @pytest.fixture(scope="session")
    def peer(self) -> Iterator[Callable[[Handler], Peer]]:
        """Plays a service: `peer(handler)`."""
        peers: list[Peer] = []

        def play(handler: Handler) -> Peer:
            peers.append(Peer(handler))
            return peers[-1]

        yield play
        for played in peers:
            played.stop()

    @pytest.fixture(scope="session")
    def browser(self) -> Iterator[Any]:
        """A headless Chromium, by Playwright."""
        from checks.acceptance.browser import chromium

        with chromium() as browser:
            yield browser


_STARTED = pytest.StashKey[float]()


def _id(item: pytest.Item) -> str | None:
    function = getattr(item, "originalname", None) or item.name
    return scenarios.check_id(item.path.name, function)


def _place(item: pytest.Item) -> tuple[bool, bool, tuple[int, str]]:
    marks = {mark.name for mark in item.iter_markers()}
    return "last" in marks, "late" in marks, scenarios.place(item.path)


def _case(item: pytest.Item) -> str:
    _, bracket, name = item.name.partition("[")
    return name.removesuffix("]") if bracket else ""


def _sentence(problem: AssertionError) -> tuple[str, str | None]:
    """Return the assertion's own words, and the expression that did not hold as pytest shows it."""
    text = str(problem).strip()
    sentence, _, expression = text.partition("\nassert ")
    if text.startswith("assert "):
        sentence, expression = "", text.removeprefix("assert ")
    first = expression.splitlines()[0] if expression else ""
    return sentence.strip() or "An assertion of the scenario does not hold.", _short(first) if first else None


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} …"


def _request(problem: httpx2.TransportError) -> str:
    request = getattr(problem, "_request", None)
    return "" if request is None else f"{request.method} {request.url.raw_path.decode('ascii', 'replace')}: "
