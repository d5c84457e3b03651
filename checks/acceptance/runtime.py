"""What every process of every project owes who runs it: probes that tell the truth, metrics, logs, and a good end.

The rules are those that all projects share (the runtime contract in `docs/`); the limits are each project's own.
"""

from __future__ import annotations

import json
import random
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn, Protocol, TypeVar

import httpx2

from checks.acceptance import eventually, expect, metrics, parallel
from checks.runners.processes import READY_SECONDS, STOP_SECONDS, Stopped

DEPENDENCIES = ("postgresql", "redis")
RECOVERY_SECONDS = 5.0  # from the return of a dependency to a readiness that says so
MOMENT_SECONDS = 2.0  # for what follows an answer: a log line, a sample
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LAST_WORDS = 400  # characters
T = TypeVar("T")


class Runs(Protocol):
    """What is asked of the application: a part of `checks.acceptance.application.App`."""

    in_hand: set[str]

    def cut(self, service: str) -> AbstractContextManager[None]:
        """Make a service unreachable during the block."""

    def running(self, name: str) -> bool:
        """Return whether a process runs."""

    def await_ready(self, name: str) -> None:
        """Wait until a process is ready."""

    def log(self, name: str) -> str:
        """Return what a process wrote."""

    def logs(self, name: str) -> list[str]:
        """Return the lines that a process wrote to standard output."""


class Bounds(Protocol):
    """The limits in seconds that hold here."""

    ready_seconds: float
    shutdown_seconds: float


def _fail(sentence: str) -> NoReturn:
    raise AssertionError(sentence)


def timed(call: Callable[[], T]) -> Callable[[], tuple[T | Exception, float]]:
    """Return a function that calls, and returns what came of it (an exception, too) and the seconds that it took."""

    def measured() -> tuple[T | Exception, float]:
        start = time.monotonic()
        (result,) = parallel([call])
        return result, time.monotonic() - start

    return measured


# A dependency that is away ------------------------------------------------------------------------------------------


@dataclass
class Outage:
    """What the processes did while a dependency was away.

    `answers` are by dependency, process and path: the answer (or what was raised) and the seconds that it took;
    `recovered`, and the last words of those that `ended`, by dependency and process.
    """

    answers: dict[tuple[str, str, str], tuple[Any, float]] = field(default_factory=dict)
    recovered: dict[tuple[str, str], Any] = field(default_factory=dict)
    ended: dict[tuple[str, str], str] = field(default_factory=dict)

    def happen(
        self,
        app: Runs,
        clients: Mapping[str, httpx2.Client],
        dependency: str,
        also: Sequence[Callable[[], Any]] = (),
    ) -> list[Any]:
        """Cut a dependency off and ask every process; return what came of the calls that are made meanwhile, too."""
        questions = [(process, path) for process in clients for path in ("/readyz", "/healthz")]
        asked = [timed(partial(clients[process].get, path)) for process, path in questions]
        with app.cut(dependency):
            results: list[Any] = parallel([*asked, *also])
        self.answers |= {(dependency, *question): result for question, result in zip(questions, results, strict=False)}
        ready = parallel([partial(_ready_again, client) for client in clients.values()])
        self.recovered |= {(dependency, process): result for process, result in zip(clients, ready, strict=True)}
        self.ended |= {(dependency, name): app.log(name)[-LAST_WORDS:] for name in clients if not app.running(name)}
        return results[len(questions) :]

    def stayed_up(self, process: str) -> None:
        """Hold a process to have run through it."""
        ended = [words for (_, name), words in self.ended.items() if name == process]
        expect(ended, [], f"{process} stays up, whatever its dependencies do; these would be its last words.")

    def was_told(self, dependency: str, process: str, limits: Bounds) -> None:
        """Hold the probes of a process to have told the truth about a dependency that was away."""
        other = next(name for name in DEPENDENCIES if name != dependency)
        words = self.ended.get((dependency, process))
        if words is not None:
            _fail(f"{process} should run on while {dependency} is down; its last words are: {words}")
        answer, seconds = self.answers[dependency, process, "/readyz"]
        if not isinstance(answer, httpx2.Response):
            _fail(f"/readyz of {process} should answer with {dependency} down: {answer!r}")
        expect(answer.status_code, 503, f"/readyz of {process} answers 503 while {dependency} is down.")
        body = answer.json()
        expect(
            (body["status"], body["checks"].get(dependency), body["checks"].get(other)),
            ("unavailable", "unavailable", "ok"),
            f"/readyz of {process} names {dependency} as unavailable, and {other} as ok.",
        )
        if seconds > limits.ready_seconds:
            _fail(f"/readyz of {process} should answer within {limits.ready_seconds} s with {dependency} down; "
                  f"it took {seconds:.1f} s.")  # fmt: skip
        alive, _ = self.answers[dependency, process, "/healthz"]
        if not isinstance(alive, httpx2.Response):
            _fail(f"/healthz of {process} should answer with {dependency} down: {alive!r}")
        expect(alive.status_code, 200, f"/healthz of {process} stays 200 while {dependency} is down.")
        again = self.recovered[dependency, process]
        if not isinstance(again, httpx2.Response):
            _fail(f"/readyz of {process} should recover once {dependency} is back: {again}")
        expect(again.json()["checks"].get(dependency), "ok", f"/readyz of {process} sees that {dependency} is back.")


def _ready_again(client: httpx2.Client) -> httpx2.Response | None:
    return eventually(
        lambda: answer if (answer := client.get("/readyz")).status_code == 200 else None,
        RECOVERY_SECONDS,
        "/readyz answers 200 again once the dependency is back",
    )


# The end ------------------------------------------------------------------------------------------------------------


def at_hand(app: Runs, process: str) -> None:
    """Wait until nobody stops or replaces a process, and it is ready. Raises BootFailed when it never is."""
    eventually(lambda: process not in app.in_hand, STOP_SECONDS + READY_SECONDS, f"{process} is replaced")
    app.await_ready(process)


def ended_well(process: str, stopped: Stopped | Exception, limits: Bounds) -> None:
    """Hold a process that was told to stop to have done so in order and in time."""
    if isinstance(stopped, Exception):
        _fail(f"{process} should end on SIGTERM: {stopped}")
    expect(
        stopped.exit,
        0,
        f"{process} ends with exit code 0 on SIGTERM, within {limits.shutdown_seconds} s; "
        f"its last words: {stopped.last_words}",
    )
    if stopped.seconds > limits.shutdown_seconds:
        _fail(f"{process} should end within {limits.shutdown_seconds} s of SIGTERM; it took {stopped.seconds:.1f} s.")


# Metrics ------------------------------------------------------------------------------------------------------------


def requests_are_counted(client: httpx2.Client, path: str, **labels: str) -> None:
    """Ask a few times for a path; counter and histogram with these labels must move by exactly as many."""
    names = ("http_requests_total", "http_request_duration_seconds_count")
    times = random.SystemRandom().randint(2, 5)

    def counted() -> list[float]:
        text = client.get("/metrics").text
        return [metrics.total(text, name, method="GET", **labels) for name in names]

    # A counter moves a moment after the client has its answer: begin when it stands still.
    before = eventually(lambda: one if (one := counted()) == counted() else [], MOMENT_SECONDS, "metrics stand still")
    for _ in range(times):
        client.get(path)
    wanted = [value + times for value in before]
    try:
        eventually(lambda: counted() == wanted, MOMENT_SECONDS, "the metrics count the requests")
    except AssertionError:
        expect(
            dict(zip(names, counted(), strict=True)),
            dict(zip(names, wanted, strict=True)),
            f"After {times} requests for {path}, the samples with {labels} have grown by {times}.",
        )


def routes_are_templates(client: httpx2.Client, path: str, id_: int, part: str) -> None:
    """Ask for what isn't there at `path`, which ends with `id_`: counted under a template with `part` in it."""

    def counted() -> dict[str, float]:
        found = metrics.samples(client.get("/metrics").text, "http_requests_total")
        return {labels.get("route", ""): value for labels, value in found if labels.get("status") == "404"}

    before = counted()
    client.get(path)
    # Others may have asked for what isn't there elsewhere: only what has grown is about this request.
    seen = eventually(
        lambda: [route for route, value in counted().items() if value > before.get(route, 0)],
        MOMENT_SECONDS,
        "http_requests_total counts a 404",
    )
    if any(str(id_) in route for route in seen):
        _fail(f"`route` should be the template: a path with its ids makes a time series for each. It is {seen}.")
    route = next((route for route in seen if part in route), "")
    if not route:
        _fail(f"`route` should be the template of {path}; it is {seen}.")
    requests_are_counted(client, path, route=route, status="404")


# Logs ---------------------------------------------------------------------------------------------------------------


def entries(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the lines of a log that are JSON objects."""
    found = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


def logs_are_json(app: Runs, process: str) -> None:
    """Hold every line of a process's log to be a JSON object with what a search for it takes."""
    written = [line for line in app.logs(process) if line.strip()]
    if not written:
        _fail(f"{process} should log at least one line to standard output when it starts.")
    known = entries(written)
    sentence = f"Every line that {process} writes to standard output is a JSON object."
    expect([line for line in written if not line.startswith("{")][:3], [], sentence)
    expect(len(known), len(written), sentence)
    lacking = [entry for entry in known if not {"time", "level", "message"} <= entry.keys()]
    expect(lacking[:3], [], f"Every line of {process} has time, level and message.")


def request_id_is_echoed_and_logged(app: Runs, process: str, client: httpx2.Client, path: str, absent: str) -> None:
    """Ask a process with good, bad and no request ids; `absent` is what of the path its logged route must not show."""
    given = f"Grader.{secrets.token_hex(6)}_{process}-1".ljust(64, "x")
    answer = client.get(path, headers={"X-Request-Id": given})
    expect(answer.headers.get("x-request-id"), given, "A request id of 64 allowed characters is taken and echoed.")
    made = {client.get(path).headers.get("x-request-id", "")}
    for refused in ("x" * 65, "two words", "semi;colon", ""):
        echoed = client.get(path, headers={"X-Request-Id": refused}).headers.get("x-request-id", "")
        if not REQUEST_ID.fullmatch(echoed):
            _fail(f"For the id {refused!r} one of the allowed form is made, not {echoed!r}.")
        made.add(echoed)
    expect(len(made), 5, "Each request without an acceptable id gets a new one.")
    line = eventually(
        lambda: next((e for e in entries(app.logs(process)) if e.get("request_id") == given and "route" in e), {}),
        MOMENT_SECONDS,
        f"{process} logs a line for a request, with its request_id and route",
    )
    missing = [name for name in ("time", "level", "message", "method", "status", "duration_ms") if name not in line]
    expect(missing, [], "The line of a request has time, level, message, method, route, status and duration_ms.")
    expect((line["method"], int(line["status"])), ("GET", answer.status_code), "The line says what came of it.")
    if absent in str(line["route"]):
        _fail(f"`route` should be the template; it is {line['route']}.")
    if float(line["duration_ms"]) < 0:
        _fail(f"duration_ms is a number of milliseconds; it is {line['duration_ms']}.")
