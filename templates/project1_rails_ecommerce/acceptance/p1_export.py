"""The export of orders, read as project 2 reads it: from cursor to cursor."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx2
import p1_lag
from p1_accounts import Account
from p1_answers import API, Json
from p1_carts import Ordered
from p1_provider import event
from p1_shop import Shop

from checks.acceptance import blocked, expect

EXPORT = "acceptance.m6.export"
CLIENTS = 6
NEW = 24  # orders that are paid besides those of the carts, at least
PAGE = 100
PAGES = 60  # more than there can be


class Export:
    """Asks for pages with the service token."""

    def __init__(self, web: httpx2.Client, token: str) -> None:
        self._web, self._token = web, token

    def page(self, **query: str) -> httpx2.Response:
        """Ask for one page."""
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._web.get(f"{API}/orders/export", params=query, headers=headers)

    def read(self, cursor: str | None = None) -> tuple[list[list[Json]], str]:
        """Read on from a cursor until there is no more, and give the pages and the last cursor."""
        pages: list[list[Json]] = []
        for _ in range(PAGES):
            answer = self.page(**({"cursor": cursor} if cursor else {}))
            if answer.status_code != 200:
                blocked(f"the export is answered {answer.status_code}", by=EXPORT)
            body = answer.json()
            pages.append(body["items"])
            cursor = str(body["next_cursor"])
            if not body["has_more"]:
                return pages, cursor
        raise AssertionError(f"The export should come to an end; after {PAGES} pages has_more is still true.")


def exported(order: Json, customer: int) -> Json:
    """Give an order as the export has to show it."""
    return {
        "order_number": order["order_number"],
        "status": order["status"],
        "ordered_at": order["created_at"],
        "customer_id": f"C-{customer}",
        "region": order["shipping_address"]["region"],
        "payment_method": order["payment_method"],
        "items": [
            {**{name: line[name] for name in ("line", "product_name", "category", "quantity", "unit_price", "discount",
                                              "tax", "total")},
             "product_id": f"P-{line['product_id']}"}
            for line in order["items"]
        ],
    }  # fmt: skip


@dataclass
class Race:
    """Orders that were paid by some clients at once, and what a reader saw who read from cursor to cursor meanwhile."""

    paid: list[tuple[Account, Json]] = field(default_factory=list)
    seen: list[Json] = field(default_factory=list)
    reads: int = 0


def race(app: Any, shop: Shop, export: Export, carts: list[Ordered], other: httpx2.Client) -> Race:
    """Pay the orders of the carts and some more, by several clients; deliver all webhooks while somebody reads."""
    product = shop.product(stock_quantity=10_000, price="33.33")
    customers = shop.accounts.several(CLIENTS)
    before = sum(map(len, export.read()[0]))
    new = max(NEW, PAGE + 5 - len(carts) - before)  # more than one page in all
    mine: list[list[tuple[Account, Json | None]]] = [[] for _ in range(CLIENTS)]
    for number, one in enumerate(carts):
        mine[number % CLIENTS].append((one.account, one.order))
    for number in range(new):
        mine[number % CLIENTS].append((customers[number % CLIENTS], None))

    def prepare(work: list[tuple[Account, Json | None]]) -> list[tuple[Account, Json, Json]]:
        found = []
        for account, order in work:
            # Carts at the second process, payments at the first: two cores, half the time.
            order = order or shop.order(account.on(other), (product, 1))
            found.append((account, order, shop.payment(account, order)))
        return found

    result = Race()
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        waiting = list(pool.map(prepare, mine))
        over = threading.Event()
        _, start = export.read()
        reading = pool.submit(_follow, export, start, over, result)
        with p1_lag.slow_commits(app):
            told = [pool.submit(_deliver, shop, payments, (shop.client, other)[n % 2]) for n, payments in
                    enumerate(waiting)]  # fmt: skip
            problems = [problem for one in told if (problem := one.exception()) is not None]
        over.set()
        end = reading.result()
        if problems:
            raise problems[0]
    pages, _ = export.read(end)
    result.seen += [item for page in pages for item in page]
    result.paid = [(account, order) for payments in waiting for account, order, _ in payments]
    return result


def _deliver(shop: Shop, payments: list[tuple[Account, Json, Json]], client: httpx2.Client) -> None:
    for _, _, payment in payments:
        told = shop.signer.deliver(event(payment["provider_reference"], payment["amount"]), client)
        expect(told.status_code, 204, "A genuine webhook is taken in.")


def _follow(export: Export, cursor: str, over: threading.Event, result: Race) -> str:
    """Read on as soon as there is something, as the synchronisation does."""
    while not over.is_set():
        pages, cursor = export.read(cursor)
        result.seen += [item for page in pages for item in page]
        result.reads += 1
        over.wait(0.02)
    return cursor


def reader(app: Any, web: httpx2.Client) -> Export:
    """Who may read."""
    return Export(web, app.env["SERVICE_TOKEN"])
