"""The payment provider that the grader plays: it takes, declines, hangs, drips, breaks or hangs up, by order."""

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
from p1_answers import API, Json

from checks.acceptance.peer import Handler, Peer, Reply, Request

HANGS_SECONDS = 30  # longer than anybody waits
SLOW_SECONDS = 0.4  # long enough for others to come in between
DRIP_SECONDS = 1.0  # between two bytes: each comes soon, the whole never


@dataclass(frozen=True)
class Charge:
    """What the provider took in under one of its keys."""

    key: str
    id: str
    status: str
    body: Json


class Provider:
    """Charges by the provider's idempotency key. `ways` says how an order (by number) is dealt with; default: taken."""

    def __init__(self, play: Callable[[Handler], Peer]) -> None:
        self.ways: dict[str, str] = {}
        self._charges: dict[str, Charge] = {}
        self._lock = threading.Lock()
        self.peer = play(self._answer)
        self.url = self.peer.url

    def calls(self, order: Json) -> list[Request]:
        """Give every request about an order, in the order in which they came."""
        return [request for request in list(self.peer.requests) if _number(request) == order["order_number"]]

    def charges(self, order: Json) -> list[Charge]:
        """Give the charges of an order: one for each key, however often it was sent."""
        with self._lock:
            return [charge for charge in self._charges.values() if charge.body["order_number"] == order["order_number"]]

    def _answer(self, request: Request) -> Reply:
        number = _number(request)
        key = request.headers.get("idempotency-key", "")
        if (request.method, request.path) != ("POST", "/charges") or number is None or not key:
            return Reply(400, json={"error": "not a charge"})
        way = self.ways.get(number, "takes")
        if way == "breaks":
            return Reply(500, json={"error": "internal"})
        with self._lock:
            known = key in self._charges
            status = "declined" if way == "declines" else "pending"
            made = Charge(key, f"ch_{secrets.token_hex(8)}", status, json.loads(request.body))
            charge = self._charges.setdefault(key, made)
        reply = {"id": charge.id, "status": charge.status}
        if way == "hangs":
            return Reply(0, delay=HANGS_SECONDS)
        if way == "hangs up":
            return Reply(0)
        if way == "drips":
            return Reply(201, json=reply, drip=DRIP_SECONDS)
        return Reply(200 if known else 201, json=reply, delay=SLOW_SECONDS if way == "slow" else 0.0)


def _number(request: Request) -> str | None:
    try:
        body = json.loads(request.body)
        number: str = body["order_number"]
    except (ValueError, KeyError, TypeError):
        return None
    return number


# Webhooks -----------------------------------------------------------------------------------------------------------


def event(reference: str, amount: str, type: str = "payment.succeeded", **changes: Any) -> Json:
    """Give the body of an event about a charge."""
    whole: Json = {
        "id": f"evt_{secrets.token_hex(8)}",
        "type": type,
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "data": {"reference": reference, "amount": amount, "currency": "EUR"},
    }
    return whole | changes


@dataclass(frozen=True)
class Signer:
    """Signs what it sends to one process, as the provider does."""

    secret: str
    client: httpx2.Client

    def headers(self, body: bytes, at: int | None = None, secret: str | None = None) -> dict[str, str]:
        """Give the headers of a genuine delivery at a time (default: now)."""
        stamp = str(int(time.time()) if at is None else at)
        signature = hmac.new((secret or self.secret).encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "X-Webhook-Timestamp": stamp,
            "X-Webhook-Signature": f"v1={signature}",
        }

    def send(self, body: bytes, headers: dict[str, str], client: httpx2.Client | None = None) -> httpx2.Response:
        """Deliver bytes under these headers."""
        return (client or self.client).post(f"{API}/webhooks/payments", content=body, headers=headers)

    def deliver(self, event: Json, client: httpx2.Client | None = None, at: int | None = None) -> httpx2.Response:
        """Sign and deliver an event."""
        body = json.dumps(event).encode()
        return self.send(body, self.headers(body, at), client)
