"""Requests to a process that a test has booted."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers in lower case and the body, also of an error."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def eventually(condition: Callable[[], bool], seconds: float = 5) -> bool:
    """Whether the condition comes true within that time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
