"""The commerce API that the grader plays: orders by cursor, in good days and bad ones."""

import random
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from p2_figures import Sale, money

from checks.acceptance.peer import Handler, Peer, Reply, Request

PATH = "/api/v1/orders/export"
PAGE = 100  # orders


def _problem(status: int, title: str) -> Reply:
    return Reply(status, json={"type": "about:blank", "title": title, "status": status, "detail": f"{title}."})


REFUSED = _problem(401, "Unauthorized")
BROKEN = Reply(500, body=b"Internal Server Error")
NEVER = Reply(0, delay=60)  # hangs up long after everybody else has


@dataclass(frozen=True)
class Order:
    """An order of the shop: a number, and the sales that its lines become."""

    number: str
    lines: tuple[Sale, ...]

    def exported(self) -> dict[str, Any]:
        """Give the order as the export shows it."""
        first = self.lines[0]
        return {
            "order_number": self.number,
            "status": "paid",
            "ordered_at": first.sold_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "customer_id": first.customer_id,
            "region": first.region,
            "payment_method": first.payment_method,
            "items": [
                {
                    "line": number,
                    "product_id": line.product_id,
                    "product_name": line.product_name,
                    "category": line.category,
                    "quantity": line.quantity,
                    "unit_price": money(line.unit_price),
                    "discount": money(line.discount),
                    "tax": money(line.tax),
                    "total": money(line.total),
                }
                for number, line in enumerate(self.lines, start=1)
            ],
        }

    def with_quantity(self, quantity: int) -> "Order":
        """Give the order as it is after a change: each of its lines has another quantity."""
        return Order(self.number, tuple(replace(line, quantity=quantity) for line in self.lines))

    def with_refused_line(self) -> "Order":
        """Give the order with one more line, which the rules of m4 refuse: none of its product was sold."""
        nothing = Decimal("0.00")
        last = replace(
            self.lines[-1],
            transaction_id=f"{self.number}-{len(self.lines) + 1}",
            quantity=0,
            discount=nothing,
            tax=nothing,
        )
        return Order(self.number, (*self.lines, last))

    @property
    def sales(self) -> tuple[Sale, ...]:
        """The lines that become sales."""
        return tuple(line for line in self.lines if line.quantity > 0)


class Shop:
    """A shop whose export is a growing list: an order that changes is written to its end once more.

    While it is `failing`, it gives replies of another kind first, one a request.
    """

    def __init__(self, play: Callable[[Handler], Peer]) -> None:
        self.token = secrets.token_urlsafe(24)
        self.prefix = f"M7{secrets.token_hex(2)}"
        self._faults: list[Reply] = []
        self._export: list[Order] = []
        self._chance = random.Random(secrets.randbits(32))
        self._salt = secrets.token_hex(3)
        self.peer = play(self._answer)
        self.url = self.peer.url

    @property
    def requests(self) -> list[Request]:
        """Every request so far."""
        return list(self.peer.requests)

    @property
    def exported(self) -> int:
        """The number of orders in the export; one that has changed counts again."""
        return len(self._export)

    @property
    def end(self) -> str:
        """The cursor behind the last order."""
        return self.cursor(self.exported)

    def cursor(self, position: int) -> str:
        """Give the cursor that stands behind so many orders. It is opaque, and has to be escaped in a URL."""
        return f"{self._salt}+{position}/&="

    def write(self, orders: list[Order]) -> None:
        """Add orders, new or changed, to the end of the export."""
        self._export += orders

    def current(self) -> list[Order]:
        """Give each order as it is now."""
        return list({order.number: order for order in self._export}.values())

    def sales(self) -> list[Sale]:
        """Give what should be in the warehouse when everything was pulled, by transaction id."""
        return sorted((s for order in self.current() for s in order.sales), key=lambda s: s.transaction_id)

    def new_orders(self, count: int) -> list[Order]:
        """Make up orders of one to three lines in 2007, with numbers that follow those of the export."""
        first = len(self.current()) + 1
        return [self._order(number) for number in range(first, first + count)]

    @contextmanager
    def failing(self, *replies: Reply) -> Iterator[None]:
        """Give these replies first; what is left of them at the end of the block is forgotten."""
        self._faults = list(replies)
        try:
            yield
        finally:
            self._faults = []

    @contextmanager
    def holding(self, cursor: str | None) -> Iterator[threading.Event]:
        """Let who asks for the page at `cursor` wait until the block is left. The event says that somebody asked."""
        asked, over = threading.Event(), threading.Event()
        serve, self.peer.handler = self.peer.handler, lambda request: self._wait(request, cursor, asked, over, serve)
        try:
            yield asked
        finally:
            over.set()
            self.peer.handler = serve

    def _wait(
        self, request: Request, cursor: str | None, asked: threading.Event, over: threading.Event, serve: Handler
    ) -> Reply:
        if request.query.get("cursor") == cursor:
            asked.set()
            over.wait(30)
        return serve(request)

    def _answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return REFUSED
        if (request.method, request.path) != ("GET", PATH):
            return _problem(404, "Not Found")
        if self._faults:
            return self._faults.pop(0)
        given = request.query.get("cursor")
        positions = {self.cursor(position): position for position in range(self.exported + 1)} | {None: 0}
        if given not in positions:
            return _problem(400, "Bad Request")
        start = positions[given]
        page = self._export[start : start + PAGE]
        end = start + len(page)
        body = {
            "items": [order.exported() for order in page],
            "next_cursor": self.cursor(end),
            "has_more": end < self.exported,
        }
        return Reply(json=body)

    def _order(self, number: int) -> Order:
        chance, name = self._chance, f"{self.prefix}-{number}"
        at = datetime(2007, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(364 * 86_400))
        customer, region = f"{self.prefix}-C-{chance.randint(1, 60)}", chance.choice(("North", "South"))
        method = chance.choice(("card", "wallet"))
        lines = tuple(
            Sale(
                transaction_id=f"{name}-{line}",
                sold_at=at,
                customer_id=customer,
                product_id=f"{self.prefix}-P-{line}",
                product_name=f"Ordered product {line}",
                category=("Books", "Games", "Garden")[line - 1],
                quantity=chance.randint(1, 9),
                unit_price=Decimal(chance.randint(100, 9_999)) / 100,
                discount=Decimal(chance.randint(0, 99)) / 100,
                tax=Decimal(chance.randint(0, 999)) / 100,
                payment_method=method,
                region=region,
            )
            for line in range(1, chance.randint(1, 3) + 1)
        )
        return Order(name, lines)
