"""Requests to others, within limits: of time for the whole of it, and of size."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2


class TooSlowError(Exception):
    """The answer was not there in time."""


class UnreachableError(Exception):
    """There was no answer, or it broke off."""


class TooLargeError(Exception):
    """The answer is larger than anything that we would read."""


@dataclass(frozen=True)
class Answer:
    """What came back. The body is read only of a 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    url: str, *, headers: Mapping[str, str], parameters: Mapping[str, str], seconds: float, most_bytes: int
) -> Answer:
    """Ask once, without following redirects: they would take the headers elsewhere.

    Raises TooSlowError, UnreachableError, TooLargeError.
    """
    try:
        return asyncio.run(
            _fetch(httpx2.Request("GET", url, params=parameters or None, headers=headers), seconds, most_bytes)
        )
    except TimeoutError as error:
        raise TooSlowError from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise UnreachableError from error


async def _fetch(request: httpx2.Request, seconds: float, most_bytes: int) -> Answer:
    # Asynchronous for one reason: this limit is on the whole request. The client's own ones begin anew with each byte
    # that arrives, so a server that drips would hold us for ever.
    async with asyncio.timeout(seconds), httpx2.AsyncClient(timeout=None, trust_env=False) as client:
        response = await client.send(request, stream=True)
        body = bytearray()
        if response.status_code == 200:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > most_bytes:
                    raise TooLargeError
        return Answer(response.status_code, response.headers, bytes(body))
