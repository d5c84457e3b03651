"""Every error of the API as problem+json."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from data_platform.api.negotiation import NotAcceptableError
from data_platform.imports import FileTooLargeError, ImportNotFoundError, UnsupportedTypeError, UploadsRefusedError
from data_platform.jobs import JobNotFoundError
from data_platform.order_sync import NotConfiguredError
from data_platform.problems import MEDIA_TYPE, FieldError, problem, title
from data_platform.queue import QueueUnavailableError
from data_platform.reporting.document import ReportNotReadyError
from data_platform.reporting.reports import ReportNotFoundError
from data_platform.source_settings import InvalidSettingsError
from data_platform.sources import NameTakenError, SourceInUseError, SourceNotFoundError

_UNREADABLE: FieldError = {"field": "body", "message": "can't be read: JSON is UTF-8, and not nested without end"}


class ProblemResponse(JSONResponse):
    """A JSON answer that says it is an error."""

    media_type = MEDIA_TYPE


# Errors of the domain whose text is meant for the client.
_STATUSES: dict[type[Exception], int] = {
    SourceNotFoundError: 404,
    ReportNotFoundError: 404,
    ReportNotReadyError: 409,
    NotAcceptableError: 406,
    JobNotFoundError: 404,
    ImportNotFoundError: 404,
    SourceInUseError: 409,
    UploadsRefusedError: 409,
    FileTooLargeError: 413,
    UnsupportedTypeError: 415,
    QueueUnavailableError: 503,
    NotConfiguredError: 503,
}


def add_problem_handlers(app: FastAPI) -> None:
    """Teach the application how each error is answered. What is not named here is a 500 of the middleware."""

    @app.exception_handler(HTTPException)
    def http_error(_request: Request, error: HTTPException) -> ProblemResponse:
        if error.status_code == 400:  # what FastAPI says of a body that it can't decode; the contract knows only 422
            return ProblemResponse(problem(422, "The body can't be read.", [_UNREADABLE]), 422)
        details = {404: "There is nothing at this path.", 405: "This path doesn't take this method."}
        # Starlette gives the title as detail where a route was not found.
        detail = details.get(error.status_code, error.detail) if error.detail in _phrases(error) else error.detail
        return ProblemResponse(problem(error.status_code, detail), error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid_request(_request: Request, error: RequestValidationError) -> ProblemResponse:
        errors = [_field_error(item) for item in error.errors()]
        detail = "One field is not valid." if len(errors) == 1 else f"{len(errors)} fields are not valid."
        return ProblemResponse(problem(422, detail, errors), 422)

    @app.exception_handler(InvalidSettingsError)
    def invalid_settings(_request: Request, error: InvalidSettingsError) -> ProblemResponse:
        errors: list[FieldError] = [{"field": ".".join(f.path), "message": f.message} for f in error.faults]
        return ProblemResponse(problem(422, str(error), errors), 422)

    @app.exception_handler(NameTakenError)
    def name_taken(_request: Request, error: NameTakenError) -> ProblemResponse:
        errors: list[FieldError] = [{"field": "name", "message": "is taken by another data source"}]
        return ProblemResponse(problem(409, str(error), errors), 409)

    def plain(_request: Request, error: Exception) -> ProblemResponse:
        status = next(status for kind, status in _STATUSES.items() if isinstance(error, kind))
        return ProblemResponse(problem(status, str(error)), status)

    for kind in _STATUSES:
        app.add_exception_handler(kind, plain)


def _phrases(error: HTTPException) -> Sequence[str]:
    return (HTTPException(error.status_code).detail, title(error.status_code))


def _field_error(error: dict[str, Any]) -> FieldError:
    """Name the field by its path in the body. The value that was sent is left out: it may be a secret."""
    source, *path = error["loc"]
    is_parsing = error["type"] == "json_invalid"  # then the path is a position in the text
    field = ".".join(str(part) for part in path) if path and not is_parsing else str(source)
    return {"field": field, "message": str(error["msg"]).removeprefix("Value error, ")}
