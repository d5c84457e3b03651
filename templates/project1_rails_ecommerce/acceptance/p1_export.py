"""The export of orders, read as project 2 reads it: from cursor to cursor."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
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
RACING = 40  # orders of which the reader reads while they are being paid
PAGE = 100
PAGES = 60  # more than there can be
Waiting = tuple[Account, Json, Json]  # an order and its payment, of which the provider has said nothing yet


@dataclass
class Payments:
    """Orders that are paid, and others that wait for the provider's word."""

    settled: list[tuple[Account, Json]]
    waiting: list[Waiting]


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
    """Orders that were paid before, others that were paid at once, and what a reader of the cursors saw meanwhile."""

    settled: list[tuple[Account, Json]]
    paid: list[tuple[Account, Json]]
    seen: list[Json] = field(default_factory=list)
    reads: int = 0


def prepare(shop: Shop, carts: list[Ordered], other: httpx2.Client) -> Payments:
    """Pay the orders of the carts and more, in all more than one page, but for those that are to be paid at once."""
    product = shop.product(stock_quantity=10_000, price="33.33")
    customers = shop.accounts.several(CLIENTS)
    orders = [(one.account, one.order) for one in carts]
    # Carts at the second process, payments at the first: two cores, half the time.
    orders += [
        (account, shop.order(account.on(other), (product, 1)))
        for account in islice(cycle(customers), max(RACING, PAGE + 5 - len(carts)))
    ]
    waiting = [(account, order, shop.payment(account, order)) for account, order in orders]
    settled, racing = waiting[:-RACING], waiting[-RACING:]
    _deliver(shop, settled, shop.client)
    return Payments([(account, order) for account, order, _ in settled], racing)


def race(app: Any, shop: Shop, export: Export, payments: Payments, other: httpx2.Client) -> Race:
    """Deliver the webhooks of the payments that wait, by several clients, while somebody reads."""
    waiting = payments.waiting
    result = Race(payments.settled, [(account, order) for account, order, _ in waiting])
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        over = threading.Event()
        _, start = export.read()
        reading = pool.submit(_follow, export, start, over, result)
        with p1_lag.slow_commits(app):
            told = [pool.submit(_deliver, shop, waiting[n::CLIENTS], (shop.client, other)[n % 2])
                    for n in range(CLIENTS)]  # fmt: skip
            problems = [problem for one in told if (problem := one.exception()) is not None]
        over.set()
        end = reading.result()
        if problems:
            raise problems[0]
    pages, _ = export.read(end)
    result.seen += [item for page in pages for item in page]
    return result


def _deliver(shop: Shop, waiting: list[Waiting], client: httpx2.Client) -> None:
    for _, _, payment in waiting:
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
