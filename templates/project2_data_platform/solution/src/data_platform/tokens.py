"""The token that opens the API: issued by the admin process, verified by the API. No web framework in here."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import jwt

ALGORITHM = "HS256"
LIFE_SECONDS = 3_600
ROLES = frozenset({"admin", "user"})
_CLAIMS = ["sub", "iat", "exp", "jti", "role"]
_PART = re.compile(r"[A-Za-z0-9_-]+")


class InvalidTokenError(Exception):
    """The token opens nothing; the message says as much as an honest client needs."""


@dataclass(frozen=True)
class Principal:
    """Whoever sent a request."""

    subject: str
    role: str


def issue(subject: str, role: str, key: str, now: datetime) -> str:
    """Give a signed token for a user."""
    issued = int(now.timestamp())
    claims = {"sub": subject, "iat": issued, "exp": issued + LIFE_SECONDS, "jti": str(uuid4()), "role": role}
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def verify(token: str, key: str) -> Principal:
    """Give whom a token speaks for. Raises InvalidTokenError."""
    if not _is_canonical(token):
        raise InvalidTokenError("The token is not valid.")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],  # never the one that the token names
            # `iat` must be there; that the clock of the admin process runs ahead a little is no reason to refuse.
            options={"require": _CLAIMS, "verify_iat": False},
        )
    except jwt.ExpiredSignatureError as error:
        raise InvalidTokenError("The token has expired.") from error
    except jwt.InvalidTokenError as error:
        raise InvalidTokenError("The token is not valid.") from error
    return _principal(claims)


def _principal(claims: dict[str, Any]) -> Principal:
    subject, role, issued = claims["sub"], claims["role"], claims["iat"]
    if not subject or not isinstance(issued, int | float) or isinstance(issued, bool) or role not in ROLES:
        raise InvalidTokenError("The token is not valid.")
    return Principal(subject=subject, role=role)


def _is_canonical(token: str) -> bool:
    """Tell whether each part is written in the one right way.

    The last character of a signature has bits that mean nothing: without this, a changed character may go unnoticed.
    """
    return all(_PART.fullmatch(part) and _encoded(part) == part for part in token.split("."))


def _encoded(part: str) -> str:
    try:
        return urlsafe_b64encode(urlsafe_b64decode(part + "=" * (-len(part) % 4))).rstrip(b"=").decode()
    except ValueError:
        return ""
