"""A pretended Rails shop: answers from a list, and remembers what it was asked and when."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Reply:
    """What the shop answers: status, headers, body.

    `before` runs before anything of it is sent, `after` when all is; `drip` waits so long after each byte of the body.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    drip: float | None = None


@dataclass(frozen=True)
class Request:
    """What the shop was asked."""

    path: str
    query: str
    cursor: str | None
    headers: dict[str, str]
    at: float


class Shop(ThreadingHTTPServer):
    """Gives its replies in order, the last one again and again."""

    daemon_threads = True

    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = list(replies)
        self.requests: list[Request] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def cursors(self) -> list[str | None]:
        return [request.cursor for request in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        cursor = parse_qs(asked.query).get("cursor", [None])[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(Request(asked.path, asked.query, cursor, headers, time.monotonic()))
        reply = self.server.replies.pop(0) if len(self.server.replies) > 1 else self.server.replies[0]
        if reply.before:
            reply.before()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for piece in [reply.body] if reply.drip is None else [bytes([byte]) for byte in reply.body]:
                self.wfile.write(piece)
                time.sleep(reply.drip or 0)
        except OSError:
            return  # the client has given up, which is what the test wants to see
        if reply.after:
            reply.after()

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@contextmanager
def open_shop(*replies: Reply) -> Iterator[Shop]:
    shop = Shop(replies)
    thread = Thread(target=shop.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        shop.shutdown()
        thread.join()
        shop.server_close()


def order(number: int | str, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "order_number": f"R-{number}",
        "status": "paid",
        "ordered_at": "2026-03-01T22:30:00Z",
        "customer_id": "C-7",
        "region": "North",
        "payment_method": "card",
        "items": list(lines) or [line()],
        **fields,
    }


def line(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "line": number,
        "product_id": "P-1",
        "product_name": "Field guide",
        "category": "Books",
        "quantity": 2,
        "unit_price": "19.90",
        "discount": "0.00",
        "tax": "0.00",
        "total": "39.80",
        **fields,
    }


def page(*orders: Any, next_cursor: str, has_more: bool = False) -> Reply:
    body = {"items": list(orders), "next_cursor": next_cursor, "has_more": has_more}
    return Reply(body=json.dumps(body).encode())
