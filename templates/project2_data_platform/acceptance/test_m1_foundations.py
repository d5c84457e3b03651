"""Milestone 1: the processes, their probes and logs, and the token that Django issues and FastAPI verifies."""

import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import httpx2
import p2_logins
import p2_outage
import p2_tokens
import pytest
from p2_files import csv_file, sales, tag
from p2_logins import Logins
from p2_outage import Outage
from p2_platform import FRESH, PROCESSES, REQUIRED, UPLOADS, Account, Ingestion

from checks.acceptance import blocked, eventually, expect, runtime
from checks.acceptance import tokens as jwt

SOURCES = "/api/v1/data-sources"
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
@pytest.mark.parametrize("dependency", runtime.DEPENDENCIES)
def test_readiness(dependency: str, process: str, outage: Any, limits: Any) -> None:
    """Readiness tells the truth about PostgreSQL and Redis.

    PostgreSQL, then Redis, is cut off, and every process is asked meanwhile and afterwards. A load balancer believes
    /readyz: it must name the dependency that is down, quickly, while /healthz says that a restart would not help.
    """
    outage.was_told(dependency, process, limits)


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
        runtime.routes_are_templates(api, f"{SOURCES}/{ABSENT_ID}", ABSENT_ID, "data-sources")
        return
    if stops:
        runtime.ended_well(process, request.getfixturevalue("stops")[process], limits)
        return
    outage.stayed_up(process)
    booted = app[process]
    if process == "worker":
        stopped, booted = outage.worker.result()
        runtime.ended_well("worker", stopped, limits)
    seconds = booted.ready
    assert seconds <= limits.boot_seconds, (
        f"{process} should be up within {limits.boot_seconds} s; it took {seconds:.1f} s."
    )
    assert app.running(process), f"{process} should stay up; its last words: {app.log(process)[-300:]}"
    probe = client(app.url(process), limits=FRESH)
    answer = probe.get("/healthz")
    expect((answer.status_code, answer.json().get("status")), (200, "ok"), f"{process} answers /healthz.")
    runtime.requests_are_counted(probe, "/healthz", route="/healthz", status="200")


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
    runtime.at_hand(app, process)
    if part == "import":
        _upload_is_found_in_the_workers_log(app, ingestion)
    elif part == "lines":
        runtime.logs_are_json(app, process)
    elif process == "api":
        path = f"{SOURCES}/{ABSENT_ID}"
        runtime.request_id_is_echoed_and_logged(app, "api", api, path, str(ABSENT_ID))
    else:
        asked = client(app.url("admin"), limits=FRESH)
        runtime.request_id_is_echoed_and_logged(app, "admin", asked, "/admin/login/", str(ABSENT_ID))


def _upload_is_found_in_the_workers_log(app: Any, ingestion: Ingestion) -> None:
    given = f"Upload.{tag()}"
    content = csv_file(sales(3, f"M1-{tag()}"))
    response = ingestion.send(ingestion.source(), content, headers={"X-Request-Id": given})
    if response.status_code != 202:
        blocked(f"an upload is answered {response.status_code}, so it causes nothing in the worker", by=UPLOADS)
    ingestion.finished(response.json())
    eventually(
        lambda: any(entry.get("request_id") == given for entry in runtime.entries(app.logs("worker"))),
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
