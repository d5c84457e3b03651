"""The file in a multipart request, within limits."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_platform.imports import MOST_BYTES, FileTooLargeError, Upload

# The file and what multipart puts around it.
_MOST_BODY_BYTES = MOST_BYTES + 65_536
# Of what is too much, so much is read and forgotten: a client that still sends would not hear the answer.
_MOST_DRAINED_BYTES = 5 * MOST_BYTES


class BodyLimit:
    """Counts the bytes of each request as they arrive, whatever Content-Length says, and refuses too many by a 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what isn't one (lifespan)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        too_large = declared.isdecimal() and int(declared) > _MOST_BODY_BYTES
        arrived = 0

        async def receive_counted() -> Message:
            nonlocal arrived
            while True:
                message = await receive()
                arrived += len(message.get("body", b""))
                if not too_large and arrived <= _MOST_BODY_BYTES:
                    return message
                if not message.get("more_body", False) or arrived > _MOST_DRAINED_BYTES:
                    raise HTTPException(413, str(FileTooLargeError()))

        await self._app(scope, receive_counted, send)


async def _received(request: Request) -> AsyncIterator[Upload]:
    """Read the form. Here and not by a parameter of the route, so that a stranger's token is refused before it."""
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise _invalid("file", "must be sent as multipart/form-data, with a file name")
            if "\x00" in (file.filename or ""):
                raise _invalid("file", "must not have the character U+0000 in its name")
            yield Upload(file.file, file.filename or "", file.content_type or "")
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise _invalid("body", error.detail) from error


def _invalid(field: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": ("body", field), "msg": message}])


ReceivedFile = Annotated[Upload, Depends(_received)]
