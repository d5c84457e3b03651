"""Milestone 1: two processes, their probes and logs, errors in one form, and configurations that can't work."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import p1_outage
import pytest
from p1_accounts import FRESH
from p1_answers import API, is_problem
from p1_boots import CHECKED, MISSING, SHORT, WRONG, Boots
from p1_outage import PROCESSES, Outage
from p1_shop import tag

from checks.acceptance import expect, runtime

ABSENT_ID = 9_000_000_000
JSON_TYPE = {"Content-Type": "application/json"}


@pytest.fixture(scope="session")
def outage(app: Any, client: Any) -> Iterator[Outage]:
    """What both processes do while PostgreSQL and Redis are away, and the worker when it is told to stop."""
    with ThreadPoolExecutor(1, thread_name_prefix="outage") as pool:
        yield p1_outage.happen(app, client, pool)


# Processes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "process",
    ["web", "metrics", *(pytest.param(case, marks=pytest.mark.late) for case in ("worker", "release")),
     pytest.param("in-flight", marks=pytest.mark.last)],
)  # fmt: skip
def test_processes_boot(
    process: str, app: Any, client: Any, web: httpx2.Client, outage: Outage, limits: Any, request: pytest.FixtureRequest
) -> None:
    """The release and both processes boot and stay up.

    Each process of the Procfile is started, asked for its health and its metrics, and ended by SIGTERM. A deployment
    does exactly that, several times a day.
    """
    if process == "metrics":
        runtime.routes_are_templates(web, f"{API}/products/{ABSENT_ID}", ABSENT_ID, "products/")
    elif process == "release":
        again = request.getfixturevalue("boots").released_again.result()
        expect(again.done.exit, 0, "The release phase, run a second time, ends with exit code 0.")
        assert again.columns[0], "The release phase should have made tables."
        expect(again.columns[1], again.columns[0], "The release phase, run a second time, changes no table.")
        expect(again.users[1], again.users[0], "The release phase, run a second time, leaves every user there.")
    elif process == "in-flight":
        answer, stopped = p1_outage.stop_in_flight(app, web)
        assert isinstance(answer, httpx2.Response), f"A request in flight at SIGTERM should be answered: {answer!r}"
        expect(answer.status_code, 200, "A request that was in flight at SIGTERM is answered.")
        runtime.ended_well("web", stopped, limits)
    else:
        outage.stayed_up(process)
        runtime.at_hand(app, process)
        booted = app[process]
        if process == "worker":
            stopped, booted = outage.worker.result()
            runtime.ended_well("worker", stopped, limits)
        seconds = booted.ready
        assert seconds <= limits.boot_seconds, (
            f"{process} should be up within {limits.boot_seconds} s; it took {seconds:.1f} s."
        )
        probe = client(app.url(process), limits=FRESH)
        answer = probe.get("/healthz")
        body = answer.json()
        expect((answer.status_code, body.get("status"), body.get("process")), (200, "ok", process),
               f"{process} answers /healthz, and says which process it is.")  # fmt: skip
        runtime.requests_are_counted(probe, "/healthz", route="/healthz", status="200")


# Readiness ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("dependency", runtime.DEPENDENCIES)
def test_readiness(dependency: str, process: str, outage: Outage, limits: Any) -> None:
    """Readiness tells the truth about PostgreSQL and Redis.

    PostgreSQL, then Redis, is cut off, and both processes are asked meanwhile and afterwards. A load balancer believes
    /readyz: it must name the dependency that is down, quickly, while /healthz says that a restart would not help.
    """
    outage.was_told(dependency, process, limits)


# Configuration ------------------------------------------------------------------------------------------------------


def _one_line(ended: Any, what: str, limits: Any) -> str:
    """Hold a process to have ended by itself, with one line on standard error, and give that line."""
    assert not ended.timed_out, f"{what} should end within {limits.refused_boot_seconds} s; it runs on."
    assert ended.exit not in (0, None), f"{what} should end with an exit code other than 0."
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    expect(len(lines), 1, f"{what} writes one line to standard error and no backtrace, not: {lines[:5]}.")
    traced = [line for line in ended.stdout.splitlines() if re.search(r"\.rb:\d+:in ", line)]
    expect(traced, [], f"{what} writes no backtrace.")
    return str(lines[0])


@pytest.mark.late
@pytest.mark.parametrize("process", list(MISSING))
def test_missing_configuration(process: str, boots: Boots, limits: Any) -> None:
    """A missing variable stops the boot with one clear line.

    Each process is started without one variable that it needs. It must end at once and say which one, instead of
    failing at the first request, at night, with a backtrace.
    """
    variable = MISSING[process]
    line = _one_line(boots.refused["missing", process].result(), f"{process} without {variable}", limits)
    assert variable in line, f"The line on standard error should name {variable}; it is: {line}"
    others = [name for name in CHECKED if name != variable and name in line]
    expect(others, [], f"The line names {variable} alone: the others are set.")


@pytest.mark.late
@pytest.mark.parametrize(
    ("process", "variable"), [(process, variable) for process, env in WRONG.items() for variable in env]
)
def test_wrong_configuration(process: str, variable: str, boots: Boots, limits: Any) -> None:
    """A value that can't be right stops the boot with one clear line.

    Secrets that are too short, URLs of another kind and an unknown log level, several at once. The application itself
    was booted with secrets of exactly 32 characters. A weak secret is found by nobody until somebody forges a token.
    """
    line = _one_line(boots.refused["wrong", process].result(), f"{process} with a wrong {variable}", limits)
    named = {name for name in CHECKED if re.search(rf"\b{name}\b", line)}
    expect(variable in named, True, f"The line on standard error names {variable}; it is: {line}")
    expect(sorted(named - WRONG[process].keys()), [], "The line names no variable that is right.")
    shown = [part for part in (SHORT, "grader-") if part in line]
    expect(shown, [], "The line shows no value: it may be a secret.")


# Request ids and logs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", ["web", "web-lines", *(pytest.param(case, marks=pytest.mark.late) for case in ("worker", "worker-lines"))]
)
def test_request_id(case: str, app: Any, client: Any) -> None:
    """The request id is echoed and logged.

    Requests are sent with and without an id, good and bad, and looked for in the logs. One id is how an error that
    somebody reports is found among millions of lines.
    """
    process, _, lines = case.partition("-")
    runtime.at_hand(app, process)
    if lines:
        runtime.logs_are_json(app, process)
        return
    path = f"{API}/products/{ABSENT_ID}" if process == "web" else "/healthz"
    runtime.request_id_is_echoed_and_logged(app, process, client(app.url(process), limits=FRESH), path, str(ABSENT_ID))


# Errors -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["unknown-path", "wrong-method", "malformed-json", "bad-ids"])
def test_problems(case: str, web: httpx2.Client) -> None:
    """Unknown paths, wrong methods and malformed JSON are problems.

    A client that parses JSON must never meet an HTML page or a backtrace.
    """
    fine = web.get(f"{API}/products")
    expect(fine.status_code, 200, "GET /api/v1/products answers 200.")
    if case == "unknown-path":
        is_problem(web.get(f"{API}/nothing-here-{tag()}"), 404, "An unknown path is a 404.")
        is_problem(web.post("/nowhere", json={}), 404, "An unknown path is a 404, whatever the method.")
    elif case == "wrong-method":
        answer = web.delete(f"{API}/products")
        is_problem(answer, 405, "A method that a path doesn't have is a 405.")
        allowed = {method.strip().upper() for method in answer.headers.get("allow", "").split(",")}
        expect((allowed >= {"GET", "POST"}, "DELETE" in allowed), (True, False),
               "`Allow` names the methods that the path has.")  # fmt: skip
    elif case == "malformed-json":
        for body in (b'{"email": ', b"{]", b"\xff\xfe{}"):
            is_problem(web.post(f"{API}/auth/login", content=body, headers=JSON_TYPE), 400, f"{body!r} is a 400.")
    else:
        for id_ in ("abc", "1" * 30, "1.5", "-1"):
            is_problem(web.get(f"{API}/products/{id_}"), 404, f"The id {id_} is a 404.")


LARGEST = 1_048_576
REFUSED_BODIES: dict[str, tuple[int, bytes, str | None]] = {
    "form": (415, b"email=a%40example.org", "application/x-www-form-urlencoded"),
    "xml": (415, b"<a/>", "application/xml"),
    "no-type": (415, b"{}", None),
    "nul-in-value": (422, rb'{"email": "a\u0000@example.org", "password": "correct horse"}', "application/json"),
    "nul-nested": (422, rb'{"email": {"a": ["b", "c\u0000"]}}', "application/json"),
    "nul-in-key": (422, rb'{"em\u0000ail": "a@example.org"}', "application/json"),
    "list": (422, b"[]", "application/json"),
    "text": (422, b'"text"', "application/json"),
    "number": (422, b"1", "application/json"),
}


@pytest.mark.parametrize("case", ["largest", "too-large", "too-large-chunked", *REFUSED_BODIES])
def test_bodies_refused(case: str, web: httpx2.Client) -> None:
    """Bodies that can't be taken are refused before they are read.

    Bodies that are too large, of another media type, with NUL characters, or that are no JSON objects. Each of them has
    taken a service down that let it through to where nobody expected it.
    """
    # The control: a body that can be taken gets past the guard, whatever comes behind it.
    control = web.post(f"{API}/auth/login", content=b"{}", headers={"Content-Type": "application/json; charset=utf-8"})
    assert control.status_code not in (413, 415), "A small body that is application/json with a charset is taken."
    path = f"{API}/auth/login"
    if case == "largest":
        content = b'{"email": "' + b"a" * (LARGEST - 13) + b'"}'
        assert len(content) == LARGEST
        answer = web.post(path, content=content, headers=JSON_TYPE)
        assert answer.status_code in (400, 401, 422, 501), (
            f"A body of exactly {LARGEST} bytes should not be refused as too large; the answer is {answer.status_code}."
        )
        larger = web.post(path, content=content + b" ", headers=JSON_TYPE)
        expect(larger.status_code, 413, "One byte more is refused.")
    elif case == "too-large":
        is_problem(web.post(path, content=b" " * (LARGEST + 1), headers=JSON_TYPE), 413, "One byte too many is a 413.")
        form = web.post(path, content=b" " * (LARGEST + 1), headers={"Content-Type": "text/plain"})
        is_problem(form, 413, "A body that is too large and of another type is a 413: that comes first.")
    elif case == "too-large-chunked":
        answer = web.post(path, content=_chunks(), headers=JSON_TYPE)
        is_problem(answer, 413, "A body that is too large is a 413 without Content-Length, too.")
    else:
        status, content, kind = REFUSED_BODIES[case]
        headers = {"Content-Type": kind} if kind else {}
        answer = web.post(path, content=content, headers=headers)
        is_problem(answer, status, f"{content[:40]!r} as {kind or 'no media type'} is a {status}.")


def _chunks() -> Iterator[bytes]:
    for _ in range(LARGEST // 65_536):
        yield b" " * 65_536
    yield b" "
