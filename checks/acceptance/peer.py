"""A service that the grader plays: an HTTP server on a free port, answering by a function and noting each request."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; `query` holds the last value of each parameter, `at` is monotonic time in seconds."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer: `json`, else `body`; after `delay` seconds, with `drip` seconds after each byte of the body.

    A status of 0 hangs up without an answer.
    """

    status: int = 200
    json: Any = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0


Handler = Callable[[Request], Reply]


class Peer:
    """The played service. `handler` may be replaced at any time; `requests` grows with each request."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[Request] = []
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self._leaving = threading.Event()
        self.start()

    @property
    def url(self) -> str:
        """Where it listens, also while it is stopped."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        if self._server is not None:
            return
        self._leaving.clear()
        self._server = _Server(("127.0.0.1", self._port), _handler_for(self))
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="peer").start()

    def stop(self) -> None:
        """Refuse connections from now on; answers that are being waited for are not given."""
        if self._server is not None:
            self._leaving.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, request: Request) -> Reply:
        """Note the request, decide on the reply and wait for its delay."""
        self.requests.append(request)
        reply = self.handler(request)
        if reply.delay:
            self.pause(reply.delay)
        return reply

    def pause(self, seconds: float) -> None:
        """Wait, unless the service is stopped meanwhile."""
        self._leaving.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True


def _handler_for(peer: Peer) -> type[BaseHTTPRequestHandler]:
    class _Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, parts.path, query, headers, self.rfile.read(length), time.monotonic())
            reply = peer.answer(request)
            if reply.status == 0:
                self.close_connection = True
                return
            body = reply.body if reply.json is None else json.dumps(reply.json).encode()
            kind = "application/octet-stream" if reply.json is None else "application/json"
            with suppress(OSError):  # the application did not wait for it
                self.send_response(reply.status)
                for name, value in {"Content-Type": kind, **reply.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in (bytes([byte]) for byte in body) if reply.drip else (body,):
                    self.wfile.write(piece)
                    if reply.drip:
                        peer.pause(reply.drip)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _respond  # noqa: N815 - the names that the base class calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature of the base class
            """Write nothing: requests are kept in `requests`."""

    return _Handler
