"""Errors in the form of RFC 9457, for both web processes."""

from http import HTTPStatus
from typing import Any, TypedDict

from data_platform.observability.request_id import current_request_id

MEDIA_TYPE = "application/problem+json"
# RFC 9110 renamed these two; Python follows with 3.13.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


class FieldError(TypedDict):
    """What is wrong with one field."""

    field: str
    message: str


def title(status: int) -> str:
    """Give the name of an HTTP status."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def problem(status: int, detail: str, errors: list[FieldError] | None = None) -> dict[str, Any]:
    """Give the body of an error. `detail` is for the client: no names of hosts, no stack traces."""
    body: dict[str, Any] = {"type": "about:blank", "title": title(status), "status": status, "detail": detail}
    request_id = current_request_id()
    if request_id is not None:
        body["request_id"] = request_id
    if errors:
        body["errors"] = errors
    return body
