"""Observes every request, and answers the probes before anything else can get in their way."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from data_platform.admin.problems import as_problem
from data_platform.observability.operations import answer
from data_platform.observability.request_id import HEADER
from data_platform.observability.requests import UNMATCHED, observe_request


class ObservabilityMiddleware:
    """The outermost one. A probe comes by IP address and without TLS: host checks and redirects aren't for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request. Exceptions have become responses by now: Django wraps each middleware for that."""
        with observe_request(request.method or "", request.headers.get(HEADER)) as observation:
            response: HttpResponseBase
            probe = answer(request.path, "admin") if request.method == "GET" else None
            if probe is not None:
                observation.route = request.path
                response = HttpResponse(probe.body, status=probe.status, content_type=probe.content_type)
            else:
                response = as_problem(request, self._get_response(request))
                observation.route = f"/{request.resolver_match.route}" if request.resolver_match else UNMATCHED
            observation.status = response.status_code
            response[HEADER] = observation.request_id
            return response
