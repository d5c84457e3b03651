"""Every error of the API as problem+json."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from data_platform.problems import MEDIA_TYPE, FieldError, problem, title
from data_platform.sources import NameTakenError, SourceNotFoundError

_UNREADABLE: FieldError = {"field": "body", "message": "can't be read: JSON is UTF-8, and not nested without end"}


class ProblemResponse(JSONResponse):
    """A JSON answer that says it is an error."""

    media_type = MEDIA_TYPE


class NotBuiltYetError(Exception):
    """Raised by a stub: names the task that replaces it."""

    def __init__(self, task: str, milestone_page: str) -> None:
        super().__init__(f"TODO({task}): this is yours to build, see docs/milestones/{milestone_page}.md.")


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

    @app.exception_handler(SourceNotFoundError)
    def not_found(_request: Request, error: SourceNotFoundError) -> ProblemResponse:
        return ProblemResponse(problem(404, str(error)), 404)

    @app.exception_handler(NameTakenError)
    def name_taken(_request: Request, error: NameTakenError) -> ProblemResponse:
        errors: list[FieldError] = [{"field": "name", "message": "is taken by another data source"}]
        return ProblemResponse(problem(409, str(error), errors), 409)

    @app.exception_handler(NotBuiltYetError)
    def not_built_yet(_request: Request, error: NotBuiltYetError) -> ProblemResponse:
        return ProblemResponse(problem(501, str(error)), 501)


def _phrases(error: HTTPException) -> Sequence[str]:
    return (HTTPException(error.status_code).detail, title(error.status_code))


def _field_error(error: dict[str, Any]) -> FieldError:
    """Name the field by its path in the body. The value that was sent is left out: it may be a secret."""
    source, *path = error["loc"]
    is_parsing = error["type"] == "json_invalid"  # then the path is a position in the text
    field = ".".join(str(part) for part in path) if path and not is_parsing else str(source)
    return {"field": field, "message": str(error["msg"]).removeprefix("Value error, ")}
