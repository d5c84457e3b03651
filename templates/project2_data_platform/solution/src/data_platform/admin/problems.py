"""Errors of the admin process: pages for browsers, problem+json for everybody else."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from data_platform.problems import MEDIA_TYPE, FieldError, problem, title

_DETAILS = {
    403: "You may not do this.",
    404: "There is nothing at this path.",
    405: "This path doesn't take this method.",
    500: "Something went wrong here. The request id helps us to find it.",
}


def problem_response(status: int, detail: str, errors: list[FieldError] | None = None) -> JsonResponse:
    """Give an error as problem+json."""
    return JsonResponse(problem(status, detail, errors), status=status, content_type=MEDIA_TYPE)


def as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Put an error of Django into our form, unless a browser asked (those name text/html) or it is in it already."""
    asked_by_browser = "text/html" in request.headers.get("Accept", "")
    if response.status_code < 400 or asked_by_browser or response.headers.get("Content-Type") == MEDIA_TYPE:
        return response
    translated: HttpResponse = problem_response(
        response.status_code, _DETAILS.get(response.status_code, title(response.status_code))
    )
    for header in ("Allow", "WWW-Authenticate", "Retry-After"):
        if header in response.headers:
            translated[header] = response.headers[header]
    return translated
