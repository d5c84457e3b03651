"""HTTP clients whose answers are noted: the request that shows a fault, and all that the contract can be held to."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2

TIMEOUT_SECONDS = 10.0
SHOWN = 400  # characters of a body in a report
KEPT = 5_000  # different answers that are kept for the contract


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer."""

    base_url: str
    method: str
    path: str
    response: httpx2.Response

    def __str__(self) -> str:
        request = self.response.request
        sent = _shown(request.content) if _is_text(request.headers.get("content-type", "")) else ""
        kind = self.response.headers.get("content-type", "no content type")
        target = request.url.raw_path.decode("ascii", errors="replace")
        text = f"{self.method} {target}{f' {sent}' if sent else ''} → {self.response.status_code}, {kind}"
        body = _shown(self.response.content) if _is_text(kind) else f"{len(self.response.content)} bytes"
        return f"{text}: {body}" if body else text


def _is_text(kind: str) -> bool:
    return any(word in kind for word in ("json", "text", "xml", "urlencoded"))


def _shown(body: bytes) -> str:
    text = body[: 4 * SHOWN].decode(errors="replace").strip()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} …"


def _read(request: httpx2.Request) -> None:
    request.read()


class Recorder:
    """Makes clients and notes what they get. Answers that are alike are kept once, with how often they came."""

    def __init__(self) -> None:
        self.last: Exchange | None = None
        self.exchanges: dict[bytes, Exchange] = {}
        self._clients: list[httpx2.Client] = []
        self._lock = threading.Lock()

    def client(self, base_url: str, **arguments: Any) -> httpx2.Client:
        """Return a client for `base_url`; `arguments` are those of `httpx2.Client`."""
        own = {
            "timeout": TIMEOUT_SECONDS,
            # A body that is streamed (a file) is kept whole: what is noted may be looked at later.
            "event_hooks": {"request": [_read], "response": [self._note(base_url.rstrip("/"))]},
            "trust_env": False,
            # Reading the machine's certificates takes longer than most answers.
            "verify": base_url.startswith("https:"),
            # Servers close idle connections; a request that meets the close would fail by chance.
            "limits": httpx2.Limits(max_keepalive_connections=0),
        }
        client = httpx2.Client(base_url=base_url, **{**own, **arguments})
        self._clients.append(client)
        return client

    def _note(self, base_url: str) -> Callable[[httpx2.Response], None]:
        def note(response: httpx2.Response) -> None:
            response.read()
            request = response.request
            exchange = Exchange(base_url, request.method, request.url.path, response)
            kind = response.headers.get("content-type", "")
            facts = f"{base_url} {request.method} {request.url.path} {response.status_code} {kind}\n".encode()
            digest = hashlib.blake2b(facts + response.content, digest_size=16).digest()
            with self._lock:
                self.last = exchange
                if len(self.exchanges) < KEPT:
                    self.exchanges.setdefault(digest, exchange)

        return note

    def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            client.close()
