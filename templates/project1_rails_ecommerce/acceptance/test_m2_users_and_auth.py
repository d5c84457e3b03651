"""Milestone 2: accounts, sessions and their tokens, roles, and what must not leak."""

import base64
import hashlib
import json
import re
import secrets
import statistics
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import p1_tokens
import pytest
from p1_accounts import PASSWORD, Account
from p1_answers import API, Json, is_problem, names, statuses, told
from p1_shop import Shop, tag

from checks.acceptance import eventually, expect, moments, parallel
from checks.acceptance import tokens as jwt

ALREADY = "acceptance.m2.register"
BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


def registration(**changes: Any) -> Json:
    """Give a good body for signing up; a change to None leaves the field out."""
    body = {
        "email": f"{tag()}@example.org",
        "password": secrets.token_urlsafe(6),
        "first_name": "Ada",
        "last_name": "Byron",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def register(web: httpx2.Client, **changes: Any) -> httpx2.Response:
    """Sign up."""
    return web.post(f"{API}/auth/register", json=registration(**changes))


def log_in(web: httpx2.Client, email: str, password: str) -> httpx2.Response:
    """Ask for a session."""
    return web.post(f"{API}/auth/login", json={"email": email, "password": password})


def refresh(web: httpx2.Client, token: str) -> httpx2.Response:
    """Exchange a refresh token."""
    return web.post(f"{API}/auth/refresh", json={"refresh_token": token})


def me(web: httpx2.Client, access: str | None) -> httpx2.Response:
    """Read the own account with an access token."""
    return web.get(f"{API}/users/me", headers={"Authorization": f"Bearer {access}"} if access else {})


def is_refused(response: httpx2.Response, what: str) -> Json:
    """Hold an answer to be a 401 that says what is wanted."""
    body = is_problem(response, 401, what)
    assert response.headers.get("www-authenticate"), "A 401 carries WWW-Authenticate."
    return body


class Spelled:
    """An account that was registered through the API, under an email that is spelled in its own way."""

    def __init__(self, web: httpx2.Client, password: str) -> None:
        name = tag()
        self.spelling, self.email, self.password = f" Ada.{name}@Example.ORG ", f"ada.{name}@example.org", password
        self.answer = register(web, email=self.spelling, password=password)


@pytest.fixture(scope="module")
def registered(web: httpx2.Client) -> list[Spelled]:
    """Two accounts, with the shortest and the longest password."""
    longest = f"{secrets.token_hex(35)}é"  # 72 bytes
    return [Spelled(web, password) for password in (secrets.token_urlsafe(6), longest)]


def a_user(registered: list[Spelled]) -> Spelled:
    """Give the first registered account, which has to be there."""
    expect(registered[0].answer.status_code, 201, "Signing up with a password of 8 characters answers 201.")
    return registered[0]


# Signing up ---------------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Json, str]] = {
    "a password of 7 characters": ({"password": "1234567"}, "password"),
    "a password of 73 bytes": ({"password": "x" * 71 + "é"}, "password"),
    "no first name": ({"first_name": None}, "first_name"),
    "a blank last name": ({"last_name": "  "}, "last_name"),
    "an email without @": ({"email": "ada.example.org"}, "email"),
    "a role": ({"role": "admin"}, "role"),
    "an unknown field": ({"active": True}, "active"),
}


@pytest.mark.parametrize("case", ["normalised", "taken", "at-once", "invalid", "digest"])
def test_register(
    case: str, app: Any, web: httpx2.Client, registered: list[Spelled], request: pytest.FixtureRequest
) -> None:
    """Users register with a normalised email and a bcrypt digest.

    Emails in several spellings, one email six times at once, and bodies that must be refused. Two accounts for one
    person, a role that was asked for and a password that can be read are what breaches are made of.
    """
    user = a_user(registered)
    if case == "normalised":
        body = user.answer.json()
        expect((body["user"]["email"], body["user"]["role"]), (user.email, "customer"),
               "The email is stored trimmed and in lower case, and the role is customer.")  # fmt: skip
        assert "password" not in user.answer.text, "The answer should say nothing of a password."
        expect(
            me(web, body["access_token"]).json().get("id"), body["user"]["id"], "The access token opens the account."
        )
        expect(refresh(web, body["refresh_token"]).status_code, 200, "The refresh token works.")
        expect(registered[1].answer.status_code, 201, "A password of 72 bytes is taken.")
    elif case == "taken":
        again = register(web, email=user.email.upper())
        is_problem(again, 409, "An email that is taken is a 409, however it is spelled.")
        found = app.sql("select count(*) from users where lower(email) = %(email)s", email=user.email)
        expect(found, [(1,)], "There is one user with this email.")
    elif case == "at-once":
        other = request.getfixturevalue("other_web")
        email = f"{tag()}@example.org"
        # Longer than a digest takes, which they make one after the other before they look.
        with moments.slow_inserts(app, "users", 1.2):
            answers = parallel([partial(register, (web, other)[n % 2], email=email) for n in range(6)])
        expect(statuses(answers), {201: 1, 409: 5}, "Of six sign-ups with one email at once, exactly one succeeds.")
        found = app.sql("select count(*) from users where email = %(email)s", email=email)
        expect(found, [(1,)], "There is one user with this email.")
    elif case == "invalid":
        for what, (change, field) in REFUSED.items():
            body = registration(**change)
            names(web.post(f"{API}/auth/register", json=body), 422, [field], f"Signing up with {what} is a 422.")
            found = app.sql("select count(*) from users where email = %(email)s", email=body["email"])
            expect(found, [(0,)], f"Nothing is stored of a sign-up with {what}.")
    else:
        emails = [account.email for account in registered]
        rows = app.sql("select password_digest from users where email = any(%(emails)s)", emails=emails)
        expect(len(rows), 2, "Each registered user has a row in `users`.")
        for (digest,) in rows:
            found = BCRYPT.fullmatch(digest)
            assert found, "users.password_digest should be a bcrypt digest."
            assert int(found[1]) >= 10, f"The digest should have cost 10 or more; it has {found[1]}."


# Logging in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["opens", "claims", "account", "last-login", "alike", "timing"])
def test_login(case: str, app: Any, web: httpx2.Client, shop: Shop, registered: list[Spelled], limits: Any) -> None:
    """A login opens the API, and wrong ones all look alike.

    The right password under another spelling of the email, then a wrong password, an unknown email and an inactive
    user. An answer that differs, or comes sooner, tells a stranger who has an account.
    """
    user = shop.accounts.insert()
    answer = log_in(web, f" {user.upper()} ", PASSWORD)
    expect(answer.status_code, 200, "The right password is answered 200, however the email is spelled.")
    session = answer.json()
    access = session["access_token"]
    if case == "opens":
        expect((session["token_type"], session["expires_in"]), ("Bearer", limits.access_token_seconds),
               "The answer says what the token is.")  # fmt: skip
        expect(me(web, access).json(), session["user"], "The token opens the user's own account.")
        is_refused(me(web, None), "Without a token the account is a 401.")
    elif case == "claims":
        _claims_are_right(app, session, log_in(web, user, PASSWORD).json(), limits)
    elif case == "account":
        _account_is_completed(web, access)
    elif case == "last-login":
        later = eventually(
            lambda: again if (again := log_in(web, user, PASSWORD).json()["user"]["last_login_at"]) else None,
            1, "last_login_at is set by a login",
        )  # fmt: skip
        assert later > session["user"]["last_login_at"], "last_login_at should move with each login."
    elif case == "alike":
        wrong = _wrong_logins(shop)
        answers = {name: log_in(web, email, password) for name, (email, password) in wrong.items()}
        bodies = {name: is_refused(one, f"A login with {name} is a 401.") for name, one in answers.items()}
        first, *others = (told(one) for one in answers.values())
        expect(others, [first] * len(others), f"Wrong logins get the same answer, word for word: {list(bodies)}.")
    else:
        _wrong_logins_take_as_long(web, app, registered, limits)


def _claims_are_right(app: Any, session: Json, another: Json, limits: Any) -> None:
    header, claims = jwt.read(session["access_token"])
    _, other = jwt.read(another["access_token"])
    body = session["access_token"].rpartition(".")
    expect(header.get("alg"), "HS256", "The access token is signed with HS256.")
    expect(body[2], jwt.signature(body[0], app.env["SECRET_KEY"]), "It is signed with SECRET_KEY.")
    missing = [name for name in ("sub", "sid", "iat", "exp", "jti", "role") if name not in claims]
    expect(missing, [], "The access token has all claims of the contract.")
    expect(claims["sub"], str(session["user"]["id"]), "`sub` is the user's id, as a string.")
    assert isinstance(claims["sid"], str), "`sid` should be a string."
    expect(claims["exp"] - claims["iat"], limits.access_token_seconds, "exp − iat is the token's life.")
    assert abs(claims["iat"] - time.time()) < 30, "`iat` should be the time of the login."
    expect(claims["role"], "customer", "`role` is the user's role.")
    assert uuid.UUID(claims["jti"]), "`jti` should be a UUID."
    assert claims["jti"] != other["jti"], "Two tokens should have two `jti`."
    assert claims["sid"] != other["sid"], "Two logins should be two sessions."


def _account_is_completed(web: httpx2.Client, access: str) -> None:
    bearer = {"Authorization": f"Bearer {access}"}

    def change(body: Json) -> httpx2.Response:
        return web.patch(f"{API}/users/me", json=body, headers=bearer)

    before = me(web, access).json()
    changed = change({"first_name": " Grace ", "phone": "+49 30 1234567"})
    expect(changed.status_code, 200, "PATCH users/me answers 200.")
    found = me(web, access).json()
    wanted = {**before, "first_name": "Grace", "phone": "+49 30 1234567", "updated_at": found["updated_at"]}
    expect(found, wanted, "What was sent is changed, without white space around it; the rest stays.")
    names(change({"email": "x@example.org", "email_verified": True, "first_name": ""}), 422,
          ["email", "email_verified", "first_name"], "Fields that one can't change, and an empty name, are a 422.")  # fmt: skip
    is_problem(change({}), 422, "A PATCH without a field is a 422.")
    expect(me(web, access).json(), found, "A refused change changes nothing.")


def _wrong_logins(shop: Shop) -> dict[str, tuple[str, str]]:
    return {
        "a wrong password": (shop.accounts.insert(), "wrong horse battery"),
        "an unknown email": (f"{tag()}@example.org", PASSWORD),
        "an inactive user": (shop.accounts.insert(active=False), PASSWORD),
    }


def _wrong_logins_take_as_long(web: httpx2.Client, app: Any, registered: list[Spelled], limits: Any) -> None:
    """Digests at the cost that the application has chosen; tries take turns, so that all meet the same load."""
    user, other = registered
    expect((user.answer.status_code, other.answer.status_code), (201, 201), "Signing up answers 201.")
    app.sql("update users set active = false where email = %(email)s", email=other.email)
    wrong = {
        "a wrong password": (user.email, "wrong horse battery"),
        "an unknown email": (f"{tag()}@example.org", user.password),
        "an inactive user": (other.email, other.password),
    }
    took: dict[str, list[float]] = {name: [] for name in wrong}
    for _ in range(limits.login_timing_tries):
        for name, (email, password) in wrong.items():
            start = time.perf_counter()
            answer = log_in(web, email, password)
            took[name].append(time.perf_counter() - start)
            expect(answer.status_code, 401, f"A login with {name} is a 401.")
    app.sql("update users set active = true where email = %(email)s", email=other.email)
    medians = {name: round(statistics.median(each), 3) for name, each in took.items()}
    assert max(medians.values()) < limits.login_timing_factor * min(medians.values()), (
        f"Wrong logins should take about as long, whatever is wrong (less than {limits.login_timing_factor} times "
        f"apart); the median seconds are {medians}."
    )


# Tokens that must be refused ----------------------------------------------------------------------------------------

Forge = Callable[[Account, str, Json], "str | None"]


def _unsigned(algorithm: str) -> Forge:
    def forge(user: Account, key: str, claims: Json) -> str:
        head = jwt.encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
        return f"{head}.{jwt.encode(json.dumps(claims).encode())}."

    return forge


def _without(claim: str) -> Forge:
    return lambda user, key, claims: jwt.sign({n: v for n, v in claims.items() if n != claim}, key)


FORGED: dict[str, Forge] = {
    "no-jwt": lambda user, key, claims: "abc.def",
    "payload-changed": lambda user, key, claims: jwt.with_payload_changed(user.access),
    "user-changed": lambda user, key, claims: jwt.with_claims_changed(user.access, sub="1", role="admin"),
    "signature-changed": lambda user, key, claims: jwt.with_signature_changed(user.access),
    "signature-missing": lambda user, key, claims: user.access.rpartition(".")[0] + ".",
    "expired": lambda user, key, claims: jwt.sign(claims | {"iat": claims["iat"] - 901, "exp": claims["iat"] - 1}, key),
    "alg-none": _unsigned("none"),
    "alg-None": _unsigned("None"),
    "another-key": lambda user, key, claims: jwt.sign(claims, secrets.token_hex(16)),
    "empty-key": lambda user, key, claims: jwt.sign(claims, ""),
    "hs512": lambda user, key, claims: jwt.sign(claims, key, "HS512"),
    **{f"without-{claim}": _without(claim) for claim in ("sub", "sid", "iat", "exp", "jti", "role")},
    "unknown-session": lambda user, key, claims: jwt.sign(claims | {"sid": "987654321"}, key),
    "unknown-user": lambda user, key, claims: jwt.sign(claims | {"sub": "987654321"}, key),
}


@pytest.fixture(scope="module")
def token_user(shop: Shop) -> Account:
    """Somebody whose tokens are forged."""
    return shop.accounts.new()


@pytest.mark.parametrize("case", ["no-header", "other-scheme", *FORGED, "every-operation", "open-operations"])
def test_bad_tokens_refused(case: str, app: Any, web: httpx2.Client, token_user: Account, contract: Any) -> None:
    """Missing, tampered, expired and unsigned tokens are refused.

    Each wrong token stands beside a right one that the grader has signed in the same way. Whoever accepts one of these
    lets anybody in as anybody.
    """
    _, issued = jwt.read(token_user.access)
    key, good = app.env["SECRET_KEY"], p1_tokens.claims(issued["sub"], issued["sid"])
    expect(me(web, jwt.sign(good, key)).status_code, 200, "A token with all claims, signed as it should be, opens.")
    if case == "no-header":
        is_refused(me(web, None), "A request without a token is a 401.")
    elif case == "other-scheme":
        for header in (f"Basic {token_user.access}", f"Token {token_user.access}", token_user.access, "Bearer"):
            refused = web.get(f"{API}/users/me", headers={"Authorization": header})
            is_refused(refused, f"`Authorization: {header[:12]}…` is a 401.")
    elif case == "every-operation":
        _guarded_operations_are_closed(web, contract)
    elif case == "open-operations":
        for path in ("products", "categories"):
            answer = web.get(f"{API}/{path}", headers={"Authorization": "Bearer wrong"})
            expect(answer.status_code, 200, f"GET {path} is open: a wrong token is ignored.")
    else:
        token = FORGED[case](token_user, key, good)
        is_refused(me(web, token), f"A token that is wrong ({case}) is a 401.")


def _guarded_operations_are_closed(web: httpx2.Client, contract: Any) -> None:
    guarded = [label for label in contract.operations if label not in OPEN and label.partition(" ")[2].startswith(API)]
    assert len(guarded) > 20, "The contract has more than twenty guarded operations."
    for label in guarded:
        method, _, path = label.partition(" ")
        path = re.sub(r"\{\w+\}", "1", path)
        # A header that is missing may be a 400 before that.
        answer = web.request(method, path, json={} if method in ("POST", "PATCH") else None,
                             headers={"Idempotency-Key": tag()})  # fmt: skip
        is_refused(answer, f"{label} without a token is a 401, before anything else is looked at.")


OPEN = {
    f"{method} {API}/{path}"
    for method, path in (
        ("POST", "auth/register"), ("POST", "auth/login"), ("POST", "auth/refresh"), ("GET", "categories"),
        ("GET", "products"), ("GET", "products/{id}"), ("GET", "products/{id}/reviews"),
        ("POST", "webhooks/payments"), ("GET", "orders/export"),
    )
}  # fmt: skip


# Sessions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["rotates", "reused", "at-once", "other-sessions", "unknown"])
def test_refresh_rotation(case: str, app: Any, web: httpx2.Client, shop: Shop, request: pytest.FixtureRequest) -> None:
    """Refresh tokens rotate, and a reused one ends the session.

    A refresh token is used, used again, and used ten times at once. A stolen one must end the session that it was
    stolen from, and nothing else.
    """
    user = shop.accounts.new()
    answer = refresh(web, user.refresh)
    expect(answer.status_code, 200, "A refresh token is exchanged for a new pair.")
    pair = answer.json()
    if case == "rotates":
        sids = [jwt.read(token)[1]["sid"] for token in (user.access, pair["access_token"])]
        expect(sids[1], sids[0], "The session stays the same.")
        assert pair["refresh_token"] != user.refresh, "The new refresh token should be another one."
        expect(me(web, pair["access_token"]).json()["id"], user.id, "The new access token works.")
        third = refresh(web, pair["refresh_token"])
        expect(third.status_code, 200, "The new refresh token works.")
        expect(me(web, third.json()["access_token"]).status_code, 200, "And so on.")
    elif case == "reused":
        expect(me(web, pair["access_token"]).status_code, 200, "The new access token works.")
        reused, unknown = refresh(web, user.refresh), refresh(web, secrets.token_urlsafe(32))
        is_refused(reused, "A refresh token that comes a second time is a 401.")
        expect(told(reused), told(unknown), "It gets the same answer as an unknown one.")
        is_refused(me(web, pair["access_token"]), "The session is over: the new access token is refused.")
        is_refused(me(web, user.access), "The session is over: the first access token is refused.")
        is_refused(refresh(web, pair["refresh_token"]), "The session is over: the new refresh token is refused.")
    elif case == "at-once":
        other = request.getfixturevalue("other_web")
        with moments.slow_updates(app, "refresh_tokens"):
            answers = parallel([partial(refresh, (web, other)[n % 2], pair["refresh_token"]) for n in range(10)])
        found = statuses(answers)
        assert found.keys() <= {200, 401}, f"Ten refreshes with one token at once should be 200 or 401, not {found}."
        assert found.get(200, 0) <= 1, f"At most one of ten refreshes with one token should succeed: {found}."
        is_refused(me(web, pair["access_token"]), "The token was used again, so the session is over.")
        for won in (a for a in answers if isinstance(a, httpx2.Response) and a.status_code == 200):
            is_refused(me(web, won.json()["access_token"]), "The session is over for who came first, too.")
            is_refused(refresh(web, won.json()["refresh_token"]), "The session is over for who came first, too.")
    elif case == "other-sessions":
        second = shop.accounts.log_in(user.email)
        is_refused(refresh(web, user.refresh), "A refresh token that comes a second time is a 401.")
        is_refused(me(web, pair["access_token"]), "Its session is over.")
        expect(second.get("users/me").status_code, 200, "Another session of the same user goes on.")
        expect(refresh(web, second.refresh).status_code, 200, "Another session of the same user can be refreshed.")
    else:
        is_refused(refresh(web, secrets.token_urlsafe(32)), "An unknown refresh token is a 401.")
        is_refused(refresh(web, pair["access_token"]), "An access token is no refresh token.")
        is_refused(me(web, pair["refresh_token"]), "A refresh token is no access token.")
        names(web.post(f"{API}/auth/refresh", json={}), 422, ["refresh_token"], "A missing refresh token is a 422.")


@pytest.mark.parametrize("case", ["logout", "password", "deactivation"])
def test_logout(case: str, web: httpx2.Client, shop: Shop) -> None:
    """Logout, a new password and deactivation end sessions at once.

    Each with two sessions of one user. "Log out" that only forgets the token in the browser helps whoever copied it.
    """
    user = shop.accounts.new()
    other = shop.accounts.log_in(user.email)
    expect([user.get("users/me").status_code, other.get("users/me").status_code], [200, 200], "Both sessions work.")
    if case == "logout":
        expect(user.post("auth/logout").status_code, 204, "Logout answers 204.")
        is_refused(user.get("users/me"), "The access token is refused after logout.")
        is_refused(refresh(web, user.refresh), "The refresh token is refused after logout.")
        expect(other.get("users/me").status_code, 200, "The other session goes on.")
        expect(refresh(web, other.refresh).status_code, 200, "The other session can be refreshed.")
    elif case == "password":
        new = f"new {tag()}"
        names(user.patch("users/me", {"password": new}), 422, ["current_password"],
              "A new password needs the current one.")  # fmt: skip
        names(user.patch("users/me", {"password": new, "current_password": "wrong"}), 422, ["current_password"],
              "A wrong current password is a 422.")  # fmt: skip
        expect(other.get("users/me").status_code, 200, "A refused change ends nothing.")
        done = user.patch("users/me", {"password": new, "current_password": PASSWORD})
        expect(done.status_code, 200, "The password is changed.")
        expect(user.get("users/me").status_code, 200, "The session that changed it goes on.")
        is_refused(other.get("users/me"), "The other session is over.")
        is_refused(refresh(web, other.refresh), "The other session can't be refreshed.")
        expect(refresh(web, user.refresh).status_code, 200, "The session that changed it can be refreshed.")
        is_refused(log_in(web, user.email, PASSWORD), "The old password no longer works.")
        expect(log_in(web, user.email, new).status_code, 200, "The new password works.")
    else:
        done = shop.admin.patch(f"users/{user.id}", {"active": False})
        expect((done.status_code, done.json().get("active")), (200, False), "An admin deactivates a user.")
        for session in (user, other):
            is_refused(session.get("users/me"), "The access tokens of a deactivated user are refused.")
            is_refused(refresh(web, session.refresh), "So are the refresh tokens.")
        is_refused(log_in(web, user.email, PASSWORD), "A deactivated user can't log in.")
        expect(shop.admin.patch(f"users/{user.id}", {"active": True}).status_code, 200, "An admin activates the user.")
        is_refused(user.get("users/me"), "Sessions that were ended stay ended.")
        expect(log_in(web, user.email, PASSWORD).status_code, 200, "The user can log in again.")


# Roles --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["customer", "vendor", "listing", "not-taken", "at-once", "own"])
def test_roles(case: str, app: Any, web: httpx2.Client, shop: Shop) -> None:
    """Roles are enforced and can't be taken.

    Customers and vendors try what only admins may, and a role is changed while its owner is logged in. What counts is
    the role that somebody has now, not the one that the token was issued with.
    """
    admin, user = shop.admin, shop.accounts.new()
    if case in ("customer", "vendor"):
        who = user if case == "customer" else shop.vendor
        expect(admin.get("users").status_code, 200, "An admin lists users.")
        is_problem(who.get("users"), 403, f"A {case} can't list users.")
        for id_ in (who.id, 987_654_321):
            is_problem(who.patch(f"users/{id_}", {"role": "admin"}), 403, f"A {case} can't change users.")
        is_problem(admin.patch("users/987654321", {"role": "vendor"}), 404, "An unknown user is a 404 to an admin.")
        expect(who.get("users/me").json()["role"], case, "The role is what it was.")
    elif case == "listing":
        shop.accounts.insert(active=False)
        _users_are_listed(app, admin)
    elif case == "not-taken":
        names(register(web, role="admin"), 422, ["role"], "A role can't be asked for when signing up.")
        names(user.patch("users/me", {"role": "admin"}), 422, ["role"], "Nobody gives themselves a role.")
        names(user.patch("users/me", {"active": False}), 422, ["active"], "Nobody changes the own state.")
        expect(user.get("users/me").json()["role"], "customer", "The role is what it was.")
        names(admin.patch(f"users/{user.id}", {"role": "owner"}), 422, ["role"], "An unknown role is a 422.")
        names(admin.patch(f"users/{user.id}", {"email": "x@example.org"}), 422, ["email"],
              "An admin can't change somebody's email.")  # fmt: skip
    elif case == "at-once":
        is_problem(user.get("users"), 403, "A customer can't list users.")
        done = admin.patch(f"users/{user.id}", {"role": "admin"})
        expect((done.status_code, done.json().get("role")), (200, "admin"), "An admin changes a role.")
        expect(user.get("users").status_code, 200, "The new role counts at once, with the old token.")
        expect(admin.patch(f"users/{user.id}", {"role": "customer"}).status_code, 200, "An admin changes a role back.")
        is_problem(user.get("users"), 403, "The old role is gone at once, whatever the token says.")
    else:
        boss = shop.accounts.new("admin")
        for change in ({"role": "customer"}, {"active": False}):
            is_problem(
                boss.patch(f"users/{boss.id}", change), 409, f"An admin can't change the own {next(iter(change))}."
            )
        found = boss.get("users/me").json()
        expect((found["role"], found["active"]), ("admin", True), "Role and state are what they were.")
        verified = admin.patch(f"users/{user.id}", {"email_verified": True})
        expect(
            (verified.status_code, verified.json().get("email_verified")), (200, True), "An admin verifies an email."
        )


def _users_are_listed(app: Any, admin: Account) -> None:
    for query, condition in (("", True), ("&role=vendor", "vendor"), ("&active=false", False)):
        rows = app.sql("select id, role, active from users order by id")
        wanted = [id_ for id_, role, active in rows if condition is True or condition in (role, active)]
        found: list[int] = []
        for page in range(1, 2 + len(wanted) // 7):
            answer = admin.get(f"users?page={page}&per_page=7{query}")
            expect(answer.status_code, 200, "An admin lists users page by page.")
            body = answer.json()
            expect(body["total"], len(wanted), f"`total` counts the users of all pages of users?{query}.")
            found += [one["id"] for one in body["items"]]
        expect(found, wanted, f"users?{query} lists exactly these, by id.")
        assert "password" not in answer.text, "Nothing of a password should be shown."
    names(admin.get("users?role=owner&per_page=101"), 422, ["role", "per_page"], "Wrong parameters are a 422.")


# The limit ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["sixth", "spelling", "at-once", "redis-down"])
def test_login_limit(
    case: str, app: Any, web: httpx2.Client, other_web: httpx2.Client, shop: Shop, limits: Any
) -> None:
    """Repeated failed logins answer 429.

    Wrong passwords one after the other, in other spellings, at two processes, and twenty at once. Whoever guesses
    doesn't wait for an answer before the next guess.
    """
    email, wrong = shop.accounts.insert(), "wrong horse battery"
    both = (web, other_web)
    if case == "redis-down":
        with app.cut("redis"):
            expect(log_in(web, email, PASSWORD).status_code, 200, "Without Redis, logging in works.")
            is_refused(log_in(web, email, wrong), "Without Redis, a wrong password is refused as ever.")
        return
    if case == "at-once":
        email = f"{tag()}@example.org"  # an unknown one counts, too
        answers = parallel([partial(log_in, both[n % 2], email, wrong) for n in range(20)])
        found = statuses(answers)
        assert found.keys() == {401, 429}, f"Of twenty wrong logins at once, some should be 401, others 429: {found}."
        assert found[401] <= limits.login_failures, f"At most {limits.login_failures} should be a 401; it is {found}."
    else:
        for n in range(limits.login_failures):
            spelled = (email, f" {email.upper()}")[n % 2] if case == "spelling" else email
            is_refused(log_in(both[n % 2], spelled, wrong), f"Wrong login {n + 1} is a 401.")
    for asked in both:
        refused = log_in(asked, email.title() if case == "spelling" else email, PASSWORD)
        is_problem(refused, 429, "After that, the right password is a 429, too, at each process.")
        seconds = int(refused.headers.get("retry-after", "0"))
        assert 1 <= seconds <= limits.login_window_seconds, f"Retry-After should lie within the window, not {seconds}."
    expect(log_in(web, shop.accounts.insert(), PASSWORD).status_code, 200, "Another email isn't affected.")


# Leaks --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secrets_that_came_in(web: httpx2.Client, registered: list[Spelled], shop: Shop) -> list[str]:
    """Passwords and tokens that were sent in every way: right, wrong, in a body that can't be read, in a header."""
    user = a_user(registered)
    broken = f"broken-{secrets.token_hex(8)}"
    web.post(f"{API}/auth/login", content=f'{{"email": "a@example.org", "password": "{broken}"',
             headers={"Content-Type": "application/json"})  # fmt: skip
    # At the wrong places, too: where a log line is written because something is not as expected.
    misplaced = {name: f"{name}-{secrets.token_hex(8)}" for name in ("first", "list", "current", "wrong")}
    account = shop.accounts.log_in(user.email, user.password)
    account.patch("users/me", {"current_password": misplaced["current"], "password": misplaced["first"]})
    web.post(f"{API}/auth/login", json={"email": user.email, "password": [misplaced["list"]]})
    log_in(web, f"{tag()}@example.org", misplaced["wrong"])
    pair = refresh(web, account.refresh).json()
    web.get(f"{API}/users/me", headers={"Authorization": f"Bearer {pair['access_token']}"})
    tokens = [account.access, account.refresh, pair["access_token"], pair["refresh_token"]]
    # The signature alone would do as much harm as the whole.
    return [broken, *misplaced.values(), *(one.password for one in registered), *tokens,
            *(token.rpartition(".")[2] for token in tokens if "." in token)]  # fmt: skip


@pytest.mark.parametrize("case", ["answers", "logs", "tables"])
def test_nothing_leaks(case: str, app: Any, web: httpx2.Client, shop: Shop, secrets_that_came_in: list[str]) -> None:
    """No password and no token shows in answers, logs or tables.

    All log lines and all tables are searched for what was sent and issued before. Logs and backups are read by many
    people, for years.
    """
    if case == "answers":
        user = shop.accounts.new()
        for answer in (user.get("users/me"), shop.admin.get("users?per_page=100")):
            expect(answer.status_code, 200, "Accounts can be read.")
            shown = [
                word for word in ("password", "digest", "$2a$", "$2b$", *secrets_that_came_in) if word in answer.text
            ]
            expect(shown, [], "An account shows nothing of a password or a token.")
    elif case == "logs":
        for process in ("web", "worker"):
            log = app.log(process)
            lines = sum("/api/v1/auth/login" in line for line in log.splitlines())
            assert lines > 5 or process == "worker", "The log should have a line for each login."
            shown = [one[:6] + "…" for one in secrets_that_came_in if one in log]
            expect(shown, [], f"No line of {process}'s log shows a password or a token.")
    else:
        text = _all_tables(app)
        digest = hashlib.sha256(secrets_that_came_in[-3].encode()).digest()
        assert any(known in text for known in (digest.hex(), base64.b64encode(digest).decode())) or "$2" in text, (
            "The tables should hold digests."
        )
        shown = [one[:6] + "…" for one in secrets_that_came_in if one in text]
        expect(shown, [], "No table holds a password or a token as it is.")


def _all_tables(app: Any) -> str:
    tables = app.sql("select tablename from pg_tables where schemaname = 'public'")
    assert ("users",) in tables, "There should be a table of users."
    rows: list[tuple[str]] = []
    for (name,) in tables:
        # The name comes from PostgreSQL itself.
        rows += app.sql(f'select t::text from public."{name}" t')
    return "\n".join(row for (row,) in rows)
