"""Pages of the catalogue that show one product, at two processes, before and after something changes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
from p1_accounts import Account
from p1_answers import API, Json
from p1_shop import Shop, tag

from checks.acceptance import expect

VIEWS = 12  # of the product that is looked at


@dataclass
class Shown:
    """A product of a vendor and a category of its own, and every page that shows it."""

    shop: Shop
    vendor: Account
    category: Json
    product: Json
    mark: str
    clients: tuple[httpx2.Client, ...]

    @property
    def pages(self) -> dict[str, str]:
        """The pages' paths by name."""
        return {
            "product": f"{API}/products/{self.product['id']}",
            "category": f"{API}/products?category={self.category['slug']}",
            "search": f"{API}/products?search={self.mark}&sort=name&per_page=100",
        }

    def read(self, name: str) -> list[httpx2.Response]:
        """Read a page at each process."""
        return [client.get(self.pages[name]) for client in self.clients]

    def item(self, answer: httpx2.Response) -> Json | None:
        """Give the product as an answer shows it; None when it doesn't."""
        body = answer.json()
        items = body.get("items", [body] if answer.status_code == 200 else [])
        return next((item for item in items if item["id"] == self.product["id"]), None)

    def warm(self) -> dict[str, str]:
        """Read every page at each process, and give its ETag."""
        tags: dict[str, str] = {}
        for name in self.pages:
            for answer in self.read(name):
                expect(answer.status_code, 200, "A page of the catalogue is answered 200.")
                tags[name] = answer.headers.get("etag", "")
                assert tags[name], "A page of the catalogue has an ETag."
        return tags


def show(shop: Shop, other: httpx2.Client, **fields: Any) -> Shown:
    """Make a product with a vendor and a category of its own."""
    mark, vendor = tag(), shop.accounts.new("vendor", "Vanja", "Vendor")
    category = shop.new_category(name=f"Shown {mark}")
    product = shop.product(vendor, **{"category_id": category["id"], "name": f"Shown {mark}", "tags": [mark],
                                      "stock_quantity": 50, **fields})  # fmt: skip
    return Shown(shop, vendor, category, product, mark, (shop.client, other))


CHANGES = 10
READERS = 8


@dataclass
class Reading:
    """One read: when it was asked, and the version of the product that it showed."""

    at: float
    version: int


def read_while_changing(shown: Shown) -> tuple[list[tuple[float, int]], list[Reading]]:
    """Change a price again and again while eight clients read; give when each change was answered, and all reads."""
    changed: list[tuple[float, int]] = []
    reads: list[Reading] = []
    over = threading.Event()

    def read(number: int) -> None:
        client = shown.clients[number % 2]
        path = list(shown.pages.values())[number // 2 % len(shown.pages)]
        while not over.is_set():
            at = time.monotonic()
            item = shown.item(client.get(path))
            reads.append(Reading(at, int(item["price"].partition(".")[0]) if item else -1))

    threads = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        for version in range(1, CHANGES + 1):
            answer = shown.vendor.patch(f"products/{shown.product['id']}", {"price": f"{1000 + version}.00"})
            expect(answer.status_code, 200, "A price is changed.")
            changed.append((time.monotonic(), 1000 + version))
            _until(lambda: sum(one.at > changed[-1][0] for one in reads) >= READERS)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return changed, reads


def _until(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
