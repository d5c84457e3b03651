"""Who is asking."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends


@dataclass(frozen=True)
class Principal:
    """Whoever sent the request."""

    subject: str
    role: str


ANONYMOUS = Principal(subject="anonymous", role="anonymous")


def require_user() -> Principal:
    """Give the sender of the request. Every route under /api/v1 depends on this.

    TODO(m1.3): take the bearer token, verify it with PyJWT and SECRET_KEY, and give the principal of its claims.
    TODO(m1.4): answer anything else with a 401 problem and `WWW-Authenticate: Bearer`.
    """
    return ANONYMOUS


CurrentUser = Annotated[Principal, Depends(require_user)]
