"""Answers: the form of errors, and the fields that one names."""

from collections.abc import Iterable
from typing import Any

import httpx2

from checks.acceptance import expect

Json = dict[str, Any]
API = "/api/v1"


def is_problem(response: httpx2.Response, status: int, what: str) -> Json:
    """Hold an answer to the form of errors, and give its body."""
    expect(response.status_code, status, what)
    kind = response.headers.get("content-type", "").partition(";")[0]
    expect(kind, "application/problem+json", "Errors are application/problem+json (RFC 9457).")
    body: Json = response.json()
    expect(body.get("status"), status, "The problem's status is that of the answer.")
    return body


def names(response: httpx2.Response, status: int, fields: Iterable[str], what: str) -> None:
    """Hold an answer to be a problem that names exactly these fields, in whatever order."""
    body = is_problem(response, status, what)
    found = sorted({error["field"] for error in body.get("errors", [])})
    expect(found, sorted(fields), f"{what} `errors` names each wrong field, and no other.")


def told(response: httpx2.Response) -> Json:
    """Give a problem without what differs from one request to the next."""
    return {name: value for name, value in response.json().items() if name not in ("request_id", "instance")}


def statuses(results: Iterable[Any]) -> dict[Any, int]:
    """Give how often each status came; what was raised instead of an answer counts by its name."""
    found: dict[Any, int] = {}
    for result in results:
        key = result.status_code if isinstance(result, httpx2.Response) else type(result).__name__
        found[key] = found.get(key, 0) + 1
    return found
