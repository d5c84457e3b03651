"""Tokens: issued by Django, verified by FastAPI, and nothing else opens anything."""

import base64
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from fastapi.testclient import TestClient

from data_platform.api.app import create_app
from data_platform.tokens import InvalidTokenError, Principal, issue, verify

KEY = os.environ["SECRET_KEY"]
NOW = datetime.now(UTC)
GOOD = issue("7", "user", KEY, NOW)
PATH = "/api/v1/data-sources"


def signed(key: str = KEY, algorithm: str = "HS256", **changes: Any) -> str:
    issued = int(time.time())
    claims = {"sub": "7", "iat": issued, "exp": issued + 3600, "jti": str(uuid4()), "role": "user", **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm=algorithm)


def unsigned() -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = jwt.decode(GOOD, KEY, algorithms=["HS256"])
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


def test_a_token_says_who_it_speaks_for() -> None:
    assert verify(GOOD, KEY) == Principal(subject="7", role="user")


def test_a_token_lives_for_an_hour_and_no_two_are_the_same() -> None:
    first, second = (jwt.decode(issue("7", "admin", KEY, NOW), KEY, algorithms=["HS256"]) for _ in range(2))
    assert first["exp"] - first["iat"] == 3600
    assert first["iat"] == int(NOW.timestamp())
    assert (first["sub"], first["role"]) == ("7", "admin")
    assert UUID(first["jti"]) != UUID(second["jti"])


def test_no_character_of_a_token_may_change() -> None:
    # Also the last one, whose lowest bits mean nothing.
    for place, character in enumerate(GOOD):
        other = "B" if character != "B" else "C"
        with pytest.raises(InvalidTokenError):
            verify(GOOD[:place] + other + GOOD[place + 1 :], KEY)


WRONG: dict[str, Callable[[], str]] = {
    "another key": lambda: signed(key="another-key-0123456789-0123456789"),
    "unsigned": unsigned,
    "another algorithm": lambda: signed(algorithm="HS384"),
    "expired, another key": lambda: signed(exp=int(time.time()) - 1, key="another-key-0123456789-0123456789"),
    "no sub": lambda: signed(sub=None),
    "empty sub": lambda: signed(sub=""),
    "sub is a number": lambda: signed(sub=7),
    "no iat": lambda: signed(iat=None),
    "iat is text": lambda: signed(iat="now"),
    "iat is true": lambda: signed(iat=True),
    "no exp": lambda: signed(exp=None),
    "no jti": lambda: signed(jti=None),
    "no role": lambda: signed(role=None),
    "unknown role": lambda: signed(role="root"),
    "nothing": lambda: "",
    "no token": lambda: "not-a-token",
    "three letters": lambda: "a.b.c",
    "umlauts": lambda: "Ä.Ö.Ü",
    "a fourth part": lambda: f"{GOOD}.x",
    "padding": lambda: f"{GOOD}=",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_token_opens_nothing(name: str) -> None:
    with pytest.raises(InvalidTokenError, match=r"^The token is not valid\.$"):
        verify(WRONG[name](), KEY)


def test_a_token_that_expired_a_second_ago_is_told_so() -> None:
    with pytest.raises(InvalidTokenError, match=r"^The token has expired\.$"):
        verify(signed(exp=int(time.time()) - 1), KEY)


def test_a_token_for_another_second_is_good() -> None:
    assert verify(signed(exp=int(time.time()) + 5), KEY).subject == "7"


def test_a_clock_that_runs_ahead_a_little_is_no_reason_to_refuse() -> None:
    assert verify(signed(iat=int(time.time()) + 2), KEY).subject == "7"


# Over HTTP


NEEDED = "A bearer token is needed: POST /api/token/ of the admin process gives one."
REFUSED: dict[str, tuple[Callable[[], str] | None, str]] = {
    "no header": (None, NEEDED),
    "another scheme": (lambda: "Basic YTpi", NEEDED),
    "no scheme": (lambda: GOOD, NEEDED),
    "no token": (lambda: "Bearer", NEEDED),
    "no JWT": (lambda: "Bearer nonsense", "The token is not valid."),
    "expired": (lambda: f"Bearer {signed(exp=int(time.time()) - 1)}", "The token has expired."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_api_refuses_what_is_no_valid_token(client: TestClient, name: str) -> None:
    header, detail = REFUSED[name]
    del client.headers["Authorization"]
    response = client.get(PATH, headers={} if header is None else {"Authorization": header()})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["detail"] == detail


def test_the_scheme_may_be_written_in_any_case(client: TestClient) -> None:
    assert client.get(PATH, headers={"Authorization": f"bearer {GOOD}"}).status_code == 200


def routes() -> list[tuple[str, str]]:
    found = create_app().openapi()["paths"]
    return [(method.upper(), path) for path, item in found.items() for method in item]


@pytest.mark.parametrize(("method", "path"), routes())
def test_only_the_operations_are_open(client: TestClient, method: str, path: str) -> None:
    del client.headers["Authorization"]
    path = path.replace("{id}", "1")
    status = client.request(method, path).status_code
    assert status == (200 if path in {"/healthz", "/readyz", "/metrics"} else 401)


# From Django


def ask(body: Any, **changes: Any) -> tuple[int, dict[str, Any]]:
    content = body if isinstance(body, (str, bytes)) else json.dumps(body)
    response = Client(raise_request_exception=False).post(
        "/api/token/", content, content_type="application/json", **changes
    )
    return response.status_code, json.loads(response.content)


@pytest.fixture
def ada(db: None) -> Any:
    return get_user_model().objects.create_user("ada", password="correct horse")


def test_a_name_and_a_password_give_a_token(ada: Any) -> None:
    status, body = ask({"username": "ada", "password": "correct horse"})
    assert status == 200
    assert body.keys() == {"access_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert verify(body["access_token"], KEY) == Principal(subject=str(ada.pk), role="user")


def test_staff_have_the_role_admin(ada: Any) -> None:
    ada.is_staff = True
    ada.save()
    _, body = ask({"username": "ada", "password": "correct horse"})
    assert verify(body["access_token"], KEY).role == "admin"


def test_wrong_name_wrong_password_and_inactive_user_look_alike(ada: Any) -> None:
    answers = [ask({"username": "eve", "password": "correct horse"}), ask({"username": "ada", "password": "wrong"})]
    ada.is_active = False
    ada.save()
    answers.append(ask({"username": "ada", "password": "correct horse"}))
    for _, body in answers:
        del body["request_id"]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 401
    assert answers[0][1]["detail"] == "There is no active user with this name and password."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("{", ["body"]),
        ("", ["body"]),
        ("[]", ["body"]),
        (b"\xff", ["body"]),
        ({"username": "ada"}, ["password"]),
        ({"password": "x"}, ["username"]),
        ({}, ["username", "password"]),
        ({"username": 7, "password": None}, ["username", "password"]),
        ({"username": "a\x00", "password": "x"}, ["username"]),
        ({"username": "ada", "password": "\x00"}, ["password"]),
        ({"username": "ada", "password": "x", "colour": "red"}, ["colour"]),
    ],
)
def test_a_body_that_says_no_name_and_password_is_a_422(body: Any, fields: list[str]) -> None:
    status, problem = ask(body)
    assert status == 422
    assert [error["field"] for error in problem["errors"]] == fields


@pytest.mark.django_db
def test_a_form_is_no_json() -> None:
    response = Client().post("/api/token/", {"username": "ada", "password": "x"})
    assert response.status_code == 422


def test_a_token_of_django_opens_the_api(client: TestClient, ada: Any) -> None:
    _, body = ask({"username": "ada", "password": "correct horse"})
    response = client.get(PATH, headers={"Authorization": f"Bearer {body['access_token']}"})
    assert response.status_code == 200
