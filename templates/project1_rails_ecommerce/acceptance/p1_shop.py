"""The shop as its visitors, vendors and operators use it; whatever can't be had blocks who needs it."""

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2
from p1_accounts import Account, Accounts
from p1_answers import API, Json
from p1_provider import Provider, Signer, event

from checks.acceptance import blocked

PRODUCTS = "acceptance.m3.product-crud"
CATEGORIES = "acceptance.m3.category-tree"
CARTS = "acceptance.m4.cart"
ORDERS = "acceptance.m4.one-order-per-cart"
PAYMENTS = "acceptance.m6.charged-once"
WEBHOOKS = "acceptance.m6.webhook-signature"
ADDRESS: Json = {
    "name": "Ada Example",
    "line1": "Lindenweg 4",
    "line2": None,
    "postal_code": "10115",
    "city": "Berlin",
    "region": "North",
    "country": "DE",
}
CHECKOUT: Json = {"shipping_address": ADDRESS, "shipping_method": "standard", "payment_method": "card"}


def tag() -> str:
    """Give a few letters that occur nowhere else."""
    return secrets.token_hex(4)


def key() -> str:
    """Give a new idempotency key."""
    return secrets.token_urlsafe(18)


@dataclass
class Shop:
    """What the scenarios share: who works in the shop, and how to get to an order, a payment, a paid order."""

    app: Any
    client: httpx2.Client
    accounts: Accounts
    provider: Provider
    signer: Signer

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._staff: dict[str, Account] = {}
        self._category: Json | None = None

    # Who is there

    def _one(self, name: str, role: str, first: str, last: str) -> Account:
        with self._lock:
            if name not in self._staff:
                self._staff[name] = self.accounts.new(role, first, last)
            return self._staff[name]

    @property
    def admin(self) -> Account:
        """Who may do everything."""
        return self._one("admin", "admin", "Olga", "Operator")

    @property
    def vendor(self) -> Account:
        """Who keeps the products of most scenarios."""
        return self._one("vendor", "vendor", "Vera", "Vendor")

    @property
    def rival(self) -> Account:
        """Another vendor."""
        return self._one("rival", "vendor", "Rolf", "Rival")

    @property
    def stranger(self) -> Account:
        """A customer who has nothing to do with the orders of others."""
        return self._one("stranger", "customer", "Stig", "Stranger")

    # What is there

    @property
    def category(self) -> Json:
        """The category of most products."""
        with self._lock:
            if self._category is None:
                self._category = self.new_category()
            return self._category

    def new_category(self, **fields: Any) -> Json:
        """Make a category."""
        body = {"name": f"Category {tag()}", **fields}
        made = self.admin.post("categories", body)
        if made.status_code != 201:
            blocked(f"no category can be made: the answer is {made.status_code}", by=CATEGORIES)
        answer: Json = made.json()
        return answer

    def product(self, vendor: Account | None = None, **fields: Any) -> Json:
        """Make a product: 10.00, 100 in stock, unless `fields` say otherwise."""
        name = tag()
        body = {"name": f"Product {name}", "sku": f"SKU-{name}", "price": "10.00", "stock_quantity": 100,
                "category_id": fields.get("category_id") or self.category["id"], **fields}  # fmt: skip
        made = (vendor or self.vendor).post("products", body)
        if made.status_code != 201:
            blocked(f"no product can be made: the answer is {made.status_code}", by=PRODUCTS)
        answer: Json = made.json()
        return answer

    def products(self, fields: list[Json]) -> list[Json]:
        """Make products, some at a time, and give them in the order of `fields`."""
        _ = self.vendor, self.category
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda one: self.product(**one), fields))

    def stock(self, product: Json) -> int:
        """Give the stock that the API shows."""
        answer = self.client.get(f"{API}/products/{product['id']}")
        found: int = answer.json()["stock_quantity"]
        return found

    # From cart to paid order

    def fill(self, account: Account, *lines: tuple[Json, int]) -> None:
        """Put products into a cart."""
        for product, quantity in lines:
            added = account.post("cart/items", {"product_id": product["id"], "quantity": quantity})
            if added.status_code != 201:
                blocked(f"nothing can be put into a cart: the answer is {added.status_code}", by=CARTS)

    def clear(self, account: Account) -> None:
        """Take everything out of a cart."""
        for item in account.get("cart").json()["items"]:
            account.delete(f"cart/items/{item['id']}")

    def check_out(self, account: Account, **changes: Any) -> httpx2.Response:
        """Check the cart out."""
        return account.post("orders", CHECKOUT | changes)

    def order(self, account: Account, *lines: tuple[Json, int], **changes: Any) -> Json:
        """Fill a cart and check it out."""
        self.fill(account, *lines)
        made = self.check_out(account, **changes)
        if made.status_code != 201:
            blocked(f"no order can be made: the checkout is answered {made.status_code}", by=ORDERS)
        answer: Json = made.json()
        return answer

    def try_to_pay(self, account: Account, order: Json, used: str | None = None, **changes: Any) -> httpx2.Response:
        """Send a payment of the order's total, or what `changes` say."""
        body = {"amount": order["total"], "method": "card", **changes}
        return account.post(f"orders/{order['id']}/payments", body, headers={"Idempotency-Key": used or key()})

    def payment(self, account: Account, order: Json) -> Json:
        """Pay an order; the provider has taken the charge."""
        made = self.try_to_pay(account, order)
        if made.status_code != 201:
            blocked(f"no payment can be made: the answer is {made.status_code}", by=PAYMENTS)
        answer: Json = made.json()
        return answer

    def settle(self, payment: Json, type: str = "payment.succeeded") -> None:
        """Let the provider tell how a payment ended."""
        told = self.signer.deliver(event(payment["provider_reference"], payment["amount"], type))
        if told.status_code != 204:
            blocked(f"no payment ends: a genuine webhook is answered {told.status_code}", by=WEBHOOKS)

    def pay(self, account: Account, order: Json) -> Json:
        """Pay an order and let the provider tell that it succeeded; gives the order as it is then."""
        self.settle(self.payment(account, order))
        return self.read(account, order)

    def read(self, account: Account, order: Json) -> Json:
        """Give an order as it is now."""
        answer: Json = account.get(f"orders/{order['id']}").json()
        return answer

    def paid(self, account: Account, *lines: tuple[Json, int], **changes: Any) -> Json:
        """Make an order and have it paid."""
        return self.pay(account, self.order(account, *lines, **changes))
