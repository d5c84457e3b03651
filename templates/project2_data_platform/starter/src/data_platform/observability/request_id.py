"""The id that ties together everything that one request causes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

HEADER = "X-Request-Id"
# Nothing that could forge a log line or a header gets in.
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Give the id of the request that is being answered, or None outside of one."""
    return _current.get()


@contextmanager
def request_id(given: str | None) -> Iterator[str]:
    """Make `given` the current id if it is acceptable, else a new one, until the block ends; give the id."""
    accepted = given if given is not None and _ACCEPTED.fullmatch(given) else uuid4().hex
    token = _current.set(accepted)
    try:
        yield accepted
    finally:
        _current.reset(token)  # threads are used again
