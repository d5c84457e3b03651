"""Users: put into the table `users` by the grader, with a digest that costs little, and logged in by the API."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import psycopg
from p1_answers import API, Json

from checks.acceptance import Mismatch, blocked

PASSWORD = "correct horse battery"
# Of that password, with cost 4: bcrypt is slow on purpose, and most scenarios are about something else.
DIGEST = "$2a$04$m6yQIdYYwvXCw/mjahefWeexlzTEhQGH62MYu8ZX774TTAkgwrXkS"
LOGIN = "acceptance.m2.login"
FRESH = httpx2.Limits(max_keepalive_connections=0, max_connections=None)


@dataclass(frozen=True)
class Account:
    """Somebody with a session; asks as that user. `password` is what the login takes."""

    id: int
    email: str
    password: str
    role: str
    session: Json
    client: httpx2.Client

    @property
    def access(self) -> str:
        """The access token."""
        token: str = self.session["access_token"]
        return token

    @property
    def refresh(self) -> str:
        """The refresh token."""
        token: str = self.session["refresh_token"]
        return token

    def on(self, client: httpx2.Client) -> "Account":
        """Give the same session at another process."""
        return replace(self, client=client)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **arguments: Any) -> httpx2.Response:
        """Send a request as this user; `path` is below /api/v1."""
        headers = {"Authorization": f"Bearer {self.access}", **(headers or {})}
        return self.client.request(method, f"{API}/{path}", headers=headers, **arguments)

    def get(self, path: str, **arguments: Any) -> httpx2.Response:
        """Read."""
        return self.ask("GET", path, **arguments)

    def post(self, path: str, json: Any = None, **arguments: Any) -> httpx2.Response:
        """Create, or do something."""
        return self.ask("POST", path, json=json, **arguments)

    def patch(self, path: str, json: Any, **arguments: Any) -> httpx2.Response:
        """Change."""
        return self.ask("PATCH", path, json=json, **arguments)

    def delete(self, path: str) -> httpx2.Response:
        """Delete."""
        return self.ask("DELETE", path)


class Accounts:
    """Makes users and logs them in."""

    def __init__(self, app: Any, client: httpx2.Client) -> None:
        self._app, self.client = app, client

    def insert(self, role: str = "customer", first: str = "Ada", last: str = "Example", active: bool = True) -> str:
        """Put a user into the table and give the email; where the table wants more by now, register it."""
        email = f"{role}.{secrets.token_hex(5)}@example.org"
        try:
            self._app.sql(
                "insert into users"
                " (email, password_digest, first_name, last_name, role, active, created_at, updated_at)"
                " values (%(email)s, %(digest)s, %(first)s, %(last)s, %(role)s, %(active)s,"
                " now() at time zone 'utc', now() at time zone 'utc')",
                email=email, digest=DIGEST, first=first, last=last, role=role, active=active,
            )  # fmt: skip
        except (psycopg.Error, Mismatch):
            body = {"email": email, "password": PASSWORD, "first_name": first, "last_name": last}
            made = self.client.post(f"{API}/auth/register", json=body)
            if made.status_code != 201:
                blocked(f"no user can be made: registering is answered {made.status_code}", by="acceptance.m2.register")
            self._app.sql(
                "update users set role = %(role)s, active = %(active)s where email = %(email)s",
                role=role, active=active, email=email,
            )  # fmt: skip
        return email

    def log_in(self, email: str, password: str = PASSWORD, client: httpx2.Client | None = None) -> Account:
        """Open a session; whoever needs one is blocked where there is none to be had."""
        asked = client or self.client
        answer = asked.post(f"{API}/auth/login", json={"email": email, "password": password})
        if answer.status_code != 200:
            blocked(f"nobody can log in: the login is answered {answer.status_code}", by=LOGIN)
        session = answer.json()
        return Account(session["user"]["id"], email, password, session["user"]["role"], session, asked)

    def new(self, role: str = "customer", first: str = "Ada", last: str = "Example") -> Account:
        """Make a user with a session."""
        return self.log_in(self.insert(role, first, last))

    def several(self, number: int, role: str = "customer") -> list[Account]:
        """Make some users with a session each."""
        return [self.new(role) for _ in range(number)]
