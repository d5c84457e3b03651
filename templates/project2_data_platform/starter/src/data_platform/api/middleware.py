"""Observes every request: id, log line, metrics, and the last word on an error nobody expected."""

import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_platform.api.problems import ProblemResponse
from data_platform.observability.request_id import HEADER
from data_platform.observability.requests import UNMATCHED, observe_request
from data_platform.problems import problem

_log = logging.getLogger(__name__)


class ObservabilityMiddleware:
    """Plain ASGI, not BaseHTTPMiddleware: that one runs the application in another task and loses context variables."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what isn't one (lifespan)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with observe_request(scope["method"], Headers(scope=scope).get(HEADER)) as observation:
            started = False

            async def send_observed(message: Message) -> None:
                nonlocal started
                if message["type"] == "http.response.start":
                    started = True
                    observation.status = message["status"]
                    MutableHeaders(scope=message)[HEADER] = observation.request_id
                await send(message)

            try:
                await self._app(scope, receive, send_observed)
            except Exception:
                _log.exception("unexpected error")
                if started:
                    # Half an answer is out. Only breaking the connection tells the client.
                    raise
                body = problem(500, "Something went wrong here. The request id helps us to find it.")
                await ProblemResponse(body, 500)(scope, receive, send_observed)
            finally:
                observation.route = getattr(scope.get("route"), "path", UNMATCHED)
