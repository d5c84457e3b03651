"""Milestone 1: the processes, their probes and logs, and the token that Django issues and FastAPI verifies."""

import json
import random
import re
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import httpx2
import p2_logins
import p2_metrics
import p2_outage
import p2_tokens
import pytest
from p2_files import csv_file, sales, tag
from p2_logins import Logins
from p2_outage import Outage
from p2_platform import FRESH, UPLOADS, Account, Ingestion
from p2_processes import PROCESSES, REQUIRED, at_hand

from checks.acceptance import blocked, eventually, expect
from checks.acceptance import tokens as jwt

SOURCES = "/api/v1/data-sources"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
ABSENT_ID = 9_000_000_000


def is_problem(response: httpx2.Response, status: int, what: str) -> dict[str, Any]:
    """Hold an answer to the form of errors, and give its body."""
    expect(response.status_code, status, what)
    kind = response.headers.get("content-type", "").partition(";")[0]
    expect(kind, "application/problem+json", "Errors are application/problem+json (RFC 9457).")
    body: dict[str, Any] = response.json()
    expect(body.get("status"), status, "The problem's status is that of the answer.")
    return body


# Readiness ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("dependency", ["postgresql", "redis"])
def test_readiness(dependency: str, process: str, outage: Any, limits: Any) -> None:
    """Readiness tells the truth about PostgreSQL and Redis.

    PostgreSQL, then Redis, is cut off, and every process is asked meanwhile and afterwards. A load balancer believes
    /readyz: it must name the dependency that is down, quickly, while /healthz says that a restart would not help.
    """
    other = "redis" if dependency == "postgresql" else "postgresql"
    words = outage.ended.get((dependency, process))
    assert words is None, (
        f"{process} should run on while {dependency} is down; it ended, and its last words are: {words}"
    )
    answer, seconds = outage.answers[dependency, process, "/readyz"]
    assert isinstance(answer, httpx2.Response), f"/readyz of {process} should answer with {dependency} down: {answer!r}"
    expect(answer.status_code, 503, f"/readyz of {process} answers 503 while {dependency} is down.")
    body = answer.json()
    expect(
        (body["status"], body["checks"].get(dependency), body["checks"].get(other)),
        ("unavailable", "unavailable", "ok"),
        f"/readyz of {process} names {dependency} as unavailable, and {other} as ok.",
    )
    assert seconds <= limits.ready_seconds, (
        f"/readyz of {process} should answer within {limits.ready_seconds} s with {dependency} down; "
        f"it took {seconds:.1f} s."
    )
    alive, _ = outage.answers[dependency, process, "/healthz"]
    assert isinstance(alive, httpx2.Response), f"/healthz of {process} should answer with {dependency} down: {alive!r}"
    expect(alive.status_code, 200, f"/healthz of {process} stays 200 while {dependency} is down.")
    again = outage.recovered[dependency, process]
    assert isinstance(again, httpx2.Response), f"/readyz of {process} should recover once {dependency} is back: {again}"
    expect(again.json()["checks"].get(dependency), "ok", f"/readyz of {process} sees that {dependency} is back.")


# Processes ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def stops(app: Any) -> dict[str, Any]:
    """How every process but the worker ends; that one was ended after the outage."""
    return p2_outage.stop(app)


@pytest.mark.parametrize(
    "case",
    ["api", "admin", "beat", "metrics", pytest.param("worker", marks=pytest.mark.late),
     *(pytest.param(f"{name}-stops", marks=pytest.mark.last) for name in PROCESSES if name != "worker")],
)  # fmt: skip
def test_processes_boot(
    case: str, app: Any, client: Any, api: httpx2.Client, outage: Outage, limits: Any, request: pytest.FixtureRequest
) -> None:
    """The release and all four processes boot and stay up.

    Each process of the Procfile is started, asked for its health and its metrics, and ended by SIGTERM. A deployment
    does exactly that, several times a day.
    """
    process, _, stops = case.partition("-")
    if process == "metrics":
        _metrics_count_by_route(api)
        return
    if stops:
        _ended(process, request.getfixturevalue("stops")[process], limits)
        return
    ended = [words for (_, name), words in outage.ended.items() if name == process]
    expect(ended, [], f"{process} stays up, whatever its dependencies do; these would be its last words.")
    if process == "worker":
        _ended("worker", outage.worker.result().stopped, limits)
    seconds = (outage.worker.result().process if process == "worker" else app[process]).ready
    assert seconds <= limits.boot_seconds, (
        f"{process} should be up within {limits.boot_seconds} s; it took {seconds:.1f} s."
    )
    assert app.running(process), f"{process} should stay up; its last words: {app.log(process)[-300:]}"
    probe = client(app.url(process), limits=FRESH)
    answer = probe.get("/healthz")
    expect((answer.status_code, answer.json().get("status")), (200, "ok"), f"{process} answers /healthz.")
    _metrics_count(probe, "/healthz", {"route": "/healthz", "status": "200"})


def _ended(process: str, stopped: Any, limits: Any) -> None:
    assert not isinstance(stopped, Exception), f"{process} should end on SIGTERM: {stopped}"
    expect(stopped.exit, 0, f"{process} ends with exit code 0 on SIGTERM, within {limits.shutdown_seconds} s; "
           f"its last words: {stopped.last_words}")  # fmt: skip
    assert stopped.seconds <= limits.shutdown_seconds, (
        f"{process} should end within {limits.shutdown_seconds} s of SIGTERM; it took {stopped.seconds:.1f} s."
    )


def _metrics_count(asked: httpx2.Client, path: str, labels: dict[str, str]) -> None:
    """Ask a few times; the counter and the histogram must move by exactly as many."""
    names = ("http_requests_total", "http_request_duration_seconds_count")
    times = random.SystemRandom().randint(2, 5)

    def counted() -> list[float]:
        text = asked.get("/metrics").text
        return [p2_metrics.total(text, name, method="GET", **labels) for name in names]

    # A counter moves a moment after the client has its answer: begin when it stands still.
    before = eventually(lambda: one if (one := counted()) == counted() else [], 2, "the metrics stand still")
    for _ in range(times):
        asked.get(path)
    wanted = [value + times for value in before]
    try:
        eventually(lambda: counted() == wanted, 2, "the metrics count the requests")
    except AssertionError:
        expect(dict(zip(names, counted(), strict=True)), dict(zip(names, wanted, strict=True)),
               f"After {times} requests for {path}, the samples with {labels} have grown by {times}.")  # fmt: skip


def _metrics_count_by_route(api: httpx2.Client) -> None:
    routes = {labels.get("route", "") for labels, _ in _requests_for_an_absent_source(api)}
    assert routes, "A request for a data source that isn't there should be counted, with its status 404."
    assert not any(str(ABSENT_ID) in route for route in routes), (
        f"`route` should be the template: a path with its ids makes a time series for each. It is {routes}."
    )
    route = next((route for route in routes if "data-sources" in route), "")
    assert route, f"`route` should be the template of the data source's path; it is {routes}."
    _metrics_count(api, f"{SOURCES}/{ABSENT_ID}", {"route": route, "status": "404"})


def _requests_for_an_absent_source(api: httpx2.Client) -> list[tuple[dict[str, str], float]]:
    def found() -> list[tuple[dict[str, str], float]]:
        api.get(f"{SOURCES}/{ABSENT_ID}")
        every = p2_metrics.samples(api.get("/metrics").text, "http_requests_total")
        return [sample for sample in every if sample[0].get("status") == "404"]

    return eventually(found, 2, "http_requests_total counts a 404")


# Configuration ------------------------------------------------------------------------------------------------------


@pytest.mark.late
@pytest.mark.parametrize("process", list(REQUIRED))
def test_missing_configuration(process: str, boots_without: dict[str, Future[Any]]) -> None:
    """A missing variable stops the boot with one clear line.

    Each process is started without one variable that it needs. It must end at once and say which one, instead of
    failing at the first request, at night, with a traceback.
    """
    ended, variable = boots_without[process].result(), REQUIRED[process]
    assert not ended.timed_out, f"{process} should end within 10 s when {variable} is not set; it runs on."
    assert ended.exit not in (0, None), f"{process} without {variable} should end with an exit code other than 0."
    assert "Traceback" not in ended.stderr + ended.stdout, f"{process} without {variable} should not write a traceback."
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    expect(len(lines), 1, f"{process} without {variable} writes one line to standard error, not: {lines[:5]}.")
    assert variable in lines[0], f"The line on standard error should name {variable}; it is: {lines[0]}"


# Request ids and logs -----------------------------------------------------------------------------------------------


def entries(app: Any, process: str) -> list[dict[str, Any]]:
    """Give the lines of a process's log that are JSON objects."""
    found = []
    for line in app.logs(process):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


def _echoes_and_logs(app: Any, process: str, asked: httpx2.Client, path: str) -> None:
    given = f"Grader.{tag()}_{process}-1"
    answer = asked.get(path, headers={"X-Request-Id": given})
    expect(answer.headers.get("x-request-id"), given, "A request id of the allowed form is taken and echoed.")
    made = set()
    for refused in ("x" * 65, "two words", "semi;colon", ""):
        echoed = asked.get(path, headers={"X-Request-Id": refused}).headers.get("x-request-id", "")
        assert REQUEST_ID.fullmatch(echoed), (
            f"For the id {refused!r} one of the allowed form is made; it is {echoed!r}."
        )
        made.add(echoed)
    made.add(asked.get(path).headers.get("x-request-id", ""))
    expect(len(made), 5, "Each request without an acceptable id gets a new one.")
    line = eventually(
        lambda: next((e for e in entries(app, process) if e.get("request_id") == given and "route" in e), {}),
        2,
        f"{process} logs a line for a request, with its request_id and route",
    )
    missing = [name for name in ("time", "level", "message", "method", "status", "duration_ms") if name not in line]
    expect(missing, [], "The line of a request has time, level, message, method, route, status and duration_ms.")
    expect(
        (line["method"], int(line["status"])), ("GET", answer.status_code), "The line says what was asked and answered."
    )
    assert str(ABSENT_ID) not in str(line["route"]), f"`route` should be the template; it is {line['route']}."
    assert float(line["duration_ms"]) >= 0, "duration_ms is a number of milliseconds."


@pytest.mark.usefixtures("boots_in_background", "migrations_in_background")
@pytest.mark.parametrize(
    "case", ["api", "admin", "api-lines", "admin-lines", "worker-lines", "beat-lines", "worker-import"]
)
def test_request_id(case: str, app: Any, client: Any, api: httpx2.Client, ingestion: Ingestion) -> None:
    """The request id is echoed and logged.

    Requests are sent with and without an id, good and bad, and looked for in the logs, an upload's also in the
    worker's. One id is how an error that somebody reports is found among millions of lines.
    """
    process, _, part = case.partition("-")
    at_hand(process)
    if part == "import":
        _upload_is_found_in_the_workers_log(app, ingestion)
    elif part == "lines":
        app_lines = [line for line in app.logs(process) if line.strip()]
        assert app_lines, f"{process} should log at least one line to standard output when it starts and is asked."
        known = entries(app, process)
        other = [line for line in app_lines if not line.startswith("{")]
        expect(other[:3], [], f"Every line that {process} writes to standard output is a JSON object.")
        expect(len(known), len(app_lines), f"Every line that {process} writes to standard output is a JSON object.")
        lacking = [e for e in known if not {"time", "level", "message"} <= e.keys()]
        expect(lacking[:3], [], f"Every line of {process} has time, level and message.")
    elif process == "api":
        _echoes_and_logs(app, "api", api, f"{SOURCES}/{ABSENT_ID}")
    else:
        _echoes_and_logs(app, "admin", client(app.url("admin"), limits=FRESH), "/admin/login/")


def _upload_is_found_in_the_workers_log(app: Any, ingestion: Ingestion) -> None:
    given = f"Upload.{tag()}"
    content = csv_file(sales(3, f"M1-{tag()}"))
    response = ingestion.send(ingestion.source(), content, headers={"X-Request-Id": given})
    if response.status_code != 202:
        blocked(f"an upload is answered {response.status_code}, so it causes nothing in the worker", by=UPLOADS)
    ingestion.finished(response.json())
    eventually(
        lambda: any(entry.get("request_id") == given for entry in entries(app, "worker")),
        2,
        "the worker's log has a line with the request_id of the upload that it works on",
    )


# Tokens -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def logins(
    admin: httpx2.Client, token_endpoint: Callable[[Account], Any], operator: Account, token_answer: httpx2.Response
) -> Logins:
    """Ask for tokens with right and wrong names and passwords."""
    return p2_logins.attempt(admin, token_endpoint, operator, token_answer)


@pytest.mark.parametrize("case", ["claims", "new-each-time", "ordinary-user", "opens", "wrong-login", "wrong-body"])
def test_token_opens_api(case: str, logins: Logins, client: Any, app: Any, anonymous: httpx2.Client) -> None:
    """A token from Django opens the API.

    A superuser from the command line and a user from the admin site ask for tokens, which are read and used. One
    process knows the users; the other must believe what it signs, and nothing else.
    """
    first, second = logins.operator
    if case == "wrong-body":
        _wrong_bodies_are_refused(client(app.url("admin"), limits=FRESH), logins)
        return
    expect(first.status_code, 200, "The right name and password are answered 200.")
    body = first.json()
    if case == "claims":
        expect((body.get("token_type"), body.get("expires_in")), ("Bearer", 3600), "The answer says what the token is.")
        _claims_are_right(body["access_token"], role="admin", app=app)
    elif case == "new-each-time":
        expect(second.status_code, 200, "The right name and password are answered 200.")
        ids = [jwt.read(answer.json()["access_token"])[1]["jti"] for answer in (first, second)]
        assert ids[0] != ids[1], "Two tokens should have two `jti`."
    elif case == "ordinary-user":
        assert logins.made_in_admin, "A user can be made in the admin site."
        expect(logins.person_active.status_code, 200, "A user made in the admin site gets a token.")
        _claims_are_right(logins.person_active.json()["access_token"], role="user", app=app)
    elif case == "opens":
        authorised = anonymous.get(SOURCES, headers={"Authorization": f"Bearer {body['access_token']}"})
        expect(authorised.status_code, 200, "A token from Django opens GET /api/v1/data-sources.")
        expect(anonymous.get(SOURCES).status_code, 401, "Without the token it stays closed.")
    else:
        _wrong_logins_look_alike(logins)


def _claims_are_right(token: str, role: str, app: Any) -> None:
    header, claims = jwt.read(token)
    expect(header.get("alg"), "HS256", "The token is signed with HS256.")
    body, _, signature = token.rpartition(".")
    expect(signature, jwt.signature(body, app.env["SECRET_KEY"]), "The token is signed with SECRET_KEY.")
    missing = [name for name in ("sub", "iat", "exp", "jti", "role") if name not in claims]
    expect(missing, [], "The token has the claims sub, iat, exp, jti and role.")
    assert isinstance(claims["sub"], str), f"`sub` should be a string; it is {claims['sub']!r}."
    assert claims["sub"].isdigit(), f"`sub` should be the id of the user; it is {claims['sub']!r}."
    expect(claims["exp"] - claims["iat"], 3600, "`exp` is `iat` + 3600.")
    # The first token is some scenarios old; wrong units and wrong zones are further off.
    assert abs(time.time() - claims["iat"]) < 600, "`iat` should be the time of issue, in seconds since the epoch."
    assert str(uuid.UUID(claims["jti"])), "`jti` is a UUID."
    expect(claims["role"], role, "`role` is `admin` for staff, else `user`.")


def _wrong_logins_look_alike(logins: Logins) -> None:
    assert logins.person_inactive is not None, "A user can be made inactive in the admin site."
    expect(logins.person_active.status_code, 200, "A user made in the admin site gets a token while active.")
    refusals = {
        "wrong name": logins.wrong_name,
        "wrong password": logins.wrong_password,
        "inactive user": logins.person_inactive,
    }
    bodies = {}
    for why, answer in refusals.items():
        if isinstance(answer, Exception):
            raise answer
        body = is_problem(answer, 401, f"A {why} is answered 401.")
        bodies[why] = {name: value for name, value in body.items() if name not in ("request_id", "instance")}
    for why, body in bodies.items():
        expect(body, bodies["wrong password"], f"A {why} and a wrong password get the same answer.")
    unknown, known = (a.elapsed.total_seconds() for a in (logins.wrong_name, logins.wrong_password))
    assert unknown > known / 4, (
        f"A wrong name and a wrong password should take about the same time, or the time tells which names exist: "
        f"{unknown * 1000:.0f} ms and {known * 1000:.0f} ms."
    )


def _wrong_bodies_are_refused(browser: httpx2.Client, logins: Logins) -> None:
    expect(logins.operator[0].status_code, 200, "The right name and password are answered 200.")
    name = {"username": logins.person.username}
    for content in (b"{", b"[]", json.dumps(name).encode(), b'{"password": "x"}'):
        answer = browser.post("/api/token/", content=content, headers={"Content-Type": "application/json"})
        is_problem(answer, 422, f"The body {content.decode()} is answered 422.")


# Bad tokens ---------------------------------------------------------------------------------------------------------

Maker = Callable[[dict[str, Any], str], str | None]


def _bearer(make: Callable[[dict[str, Any], str], str]) -> Maker:
    return lambda claims, key: f"Bearer {make(claims, key)}"


def _without(claim: str) -> Maker:
    return _bearer(lambda claims, key: jwt.sign({n: v for n, v in claims.items() if n != claim}, key))


def _expired(claims: dict[str, Any], key: str) -> str:
    now = int(time.time())
    return jwt.sign(claims | {"iat": now - 3601, "exp": now - 1}, key)


BAD_TOKENS: dict[str, Maker] = {
    "no-header": lambda _claims, _key: None,
    "other-scheme": lambda claims, key: f"Basic {jwt.sign(claims, key)}",
    "not-a-jwt": lambda _claims, _key: "Bearer 0123456789abcdef",
    "payload-changed": _bearer(lambda claims, key: jwt.with_payload_changed(jwt.sign(claims, key))),
    "role-changed": _bearer(lambda claims, key: jwt.with_claims_changed(jwt.sign(claims, key), role="admin")),
    "signature-changed": _bearer(lambda claims, key: jwt.with_signature_changed(jwt.sign(claims, key))),
    "signature-empty": _bearer(lambda claims, key: jwt.sign(claims, key).rpartition(".")[0] + "."),
    "expired": _bearer(_expired),
    "alg-none": _bearer(lambda claims, key: jwt.sign(claims, key, "none")),
    "other-key": _bearer(lambda claims, key: jwt.sign(claims, f"{key[::-1]}-")),
    "hs512": _bearer(lambda claims, key: jwt.sign(claims, key, "HS512")),
    **{f"without-{claim}": _without(claim) for claim in ("sub", "exp", "iat", "jti", "role")},
}


@pytest.mark.parametrize("case", [*BAD_TOKENS, "every-route"])
def test_bad_tokens_refused(case: str, app: Any, anonymous: httpx2.Client, token: str, contract: Any) -> None:
    """Missing, tampered, expired and unsigned tokens are refused.

    The grader makes one good token and many that are wrong in one thing each. A library call with the wrong option
    lets one of them in, and the first to notice is an attacker.
    """
    subject = str(jwt.read(token)[1]["sub"])
    key, claims = app.env["SECRET_KEY"], p2_tokens.claims(subject)
    good = {"Authorization": f"Bearer {jwt.sign(claims, key)}"}
    expect(anonymous.get(SOURCES, headers=good).status_code, 200, "A good token, made by the contract, opens the API.")
    if case == "every-route":
        _every_route_is_guarded(anonymous, good, contract)
        return
    wrong = BAD_TOKENS[case](claims, key)
    answer = anonymous.get(SOURCES, headers={} if wrong is None else {"Authorization": wrong})
    is_problem(answer, 401, f"A token that is wrong ({case.replace('-', ' ')}) is answered 401.")
    challenge = answer.headers.get("www-authenticate", "")
    assert challenge.lower().startswith("bearer"), (
        f"A 401 should carry `WWW-Authenticate: Bearer`; it has {challenge!r}."
    )


def _every_route_is_guarded(anonymous: httpx2.Client, good: dict[str, str], contract: Any) -> None:
    open_to_all = []
    for operation in contract.operations:
        method, _, path = operation.partition(" ")
        if not path.startswith("/api/v1"):
            continue
        by_uuid = path.startswith(("/api/v1/jobs", "/api/v1/reports"))
        path = path.replace("{id}", str(uuid.uuid4()) if by_uuid else str(ABSENT_ID))
        answer = anonymous.request(method, path)
        if answer.status_code != 401:
            open_to_all.append(f"{operation} → {answer.status_code}")
        if method == "GET":
            known = anonymous.get(path, headers=good).status_code
            assert known != 401, f"With a good token {operation} should not be answered 401."
    expect(open_to_all, [], "Every operation under /api/v1 is answered 401 without a token.")
