"""Who is asking."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response, status
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from data_platform.config import get_settings
from data_platform.tokens import InvalidTokenError, Principal, verify

_bearer = HTTPBearer(auto_error=False)


def require_user(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Principal:
    """Give the sender of the request, by the bearer token. Raises a 401."""
    if credentials is None:
        raise _unauthorized("A bearer token is needed: POST /api/token/ of the admin process gives one.")
    try:
        return verify(credentials.credentials, get_settings().secret_key.get_secret_value())
    except InvalidTokenError as error:
        raise _unauthorized(str(error)) from error


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(status.HTTP_401_UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})


class GuardedRoute(APIRoute):
    """A route that asks who is there before it reads the body. Left to dependencies, FastAPI would parse it first."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the handler of the route, behind the question."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            require_user(await _bearer(request))
            return await handle(request)

        return guarded


CurrentUser = Annotated[Principal, Depends(require_user)]
