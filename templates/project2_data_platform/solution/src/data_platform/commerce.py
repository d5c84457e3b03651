"""The client of the Rails shop's API, at COMMERCE_API_URL with COMMERCE_API_TOKEN.

What can go wrong is an error of its own here, and says what the other side did in words that may be shown: no token, no
class names.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn
from uuid import uuid4

from data_platform.fetching import TooLargeError, TooSlowError, UnreachableError, fetch
from data_platform.observability.request_id import HEADER, current_request_id

REQUEST_SECONDS = 5.0
MOST_BYTES = 8_388_608  # a page has 100 orders, a few hundred bytes a line
BACKOFF_SECONDS = (1.0, 2.0)  # at least, before the second and the third attempt
LONGEST_RETRY_AFTER = 30.0
_PATH = "/api/v1/orders/export"


class CommerceError(Exception):
    """The commerce API gave no page. Trying again at once would not help."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The commerce API {what}.")
        self.what = what


class TemporaryError(CommerceError):
    """The commerce API gave no page, but may if asked again."""

    def __init__(self, what: str, retry_after: float = 0.0) -> None:
        super().__init__(what)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Page:
    """Some orders, oldest first, as they came: they are held to the rules later."""

    orders: list[Any]
    next_cursor: str
    has_more: bool
    raw: bytes


class CommerceApi:
    """The orders of the shop."""

    def __init__(self, url: str, token: str, seconds: float = REQUEST_SECONDS) -> None:
        self._url = url.rstrip("/") + _PATH
        self._token = token
        self._seconds = seconds

    def page(self, cursor: str | None) -> Page:
        """Ask once for the orders after the cursor; None means from the first. Raises CommerceError."""
        try:
            answer = fetch(
                self._url,
                headers={"Authorization": f"Bearer {self._token}", HEADER: current_request_id() or uuid4().hex},
                parameters={} if cursor is None else {"cursor": cursor},
                seconds=self._seconds,
                most_bytes=MOST_BYTES,
            )
        except TooSlowError as error:
            raise TemporaryError(f"did not answer within {self._seconds:g} seconds") from error
        except UnreachableError as error:
            raise TemporaryError("could not be reached, or broke off") from error
        except TooLargeError as error:
            raise CommerceError(f"sent more than {MOST_BYTES} bytes for one page") from error
        if answer.status == 429 or answer.status >= 500:
            raise TemporaryError(f"answered {answer.status}", _seconds(answer.headers.get("Retry-After", "")))
        if answer.status != 200:
            raise CommerceError(f"answered {answer.status}")
        return parse(answer.body, cursor)


def with_retries(
    ask: Callable[[], Page], sleep: Callable[[float], object], jitter: Callable[[], float] = random.random
) -> Page:
    """Ask up to three times, with growing delays. Raises CommerceError, which says what happened how often."""
    failures: list[str] = []
    for delay in (*BACKOFF_SECONDS, None):
        try:
            return ask()
        except TemporaryError as error:
            failures.append(error.what)
            if delay is not None:
                sleep(max(delay + jitter() / 2, min(error.retry_after, LONGEST_RETRY_AFTER)))
    last = failures[-1]
    same = set(failures) == {last}
    raise CommerceError(f"{last} three times" if same else f"gave no page three times; at last it {last}")


def parse(body: bytes, cursor: str | None) -> Page:
    """Read what was agreed out of an answer. Raises CommerceError."""
    try:
        # Numbers are decimals from the text on, as in a file.
        answer = json.loads(body, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise CommerceError("sent an answer that is not JSON") from error
    if not isinstance(answer, dict):
        raise CommerceError("sent an answer that is not a page of orders")
    orders, next_cursor, has_more = (answer.get(name) for name in ("items", "next_cursor", "has_more"))
    if not isinstance(orders, list):
        raise CommerceError("sent a page without a list of items")
    if not isinstance(next_cursor, str) or not next_cursor.isprintable() or not next_cursor:
        raise CommerceError("sent a page without a next_cursor")
    if not isinstance(has_more, bool):
        raise CommerceError("sent a page that doesn't say whether it has_more")
    if has_more and next_cursor == cursor:
        raise CommerceError("sent a page whose next_cursor leads back to itself")
    return Page(orders, next_cursor, has_more, body)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _seconds(retry_after: str) -> float:
    # The other form, a date, is not used between these two.
    return float(retry_after) if retry_after.isascii() and retry_after.isdecimal() else 0.0
