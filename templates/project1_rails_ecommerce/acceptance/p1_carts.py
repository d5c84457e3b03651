"""The carts of `p1_totals`, checked out by some customers at a time; the orders serve others afterwards."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle

import httpx2
from p1_accounts import Account
from p1_answers import Json
from p1_shop import Shop
from p1_totals import CARTS, PRICES, Cart

CUSTOMERS = 4
STOCK = 100_000


@dataclass(frozen=True)
class Ordered:
    """A cart, who checked it out, and the order that it became."""

    case: str
    cart: Cart
    account: Account
    order: Json


def check_out(shop: Shop, other: httpx2.Client) -> list[Ordered]:
    """Make a product for each price, and an order of each cart."""
    made = shop.products([{"price": price, "stock_quantity": STOCK} for price in PRICES])
    products = dict(zip(PRICES, made, strict=True))
    customers = shop.accounts.several(CUSTOMERS)
    carts = [(case, cart) for case, carts in CARTS.items() for cart in carts]
    work = list(zip(cycle(customers), carts, strict=False))

    def all_of(customer: Account) -> list[Ordered]:
        found = []
        for number, (who, (case, cart)) in enumerate(work):
            if who is customer:
                at = customer.on((shop.client, other)[number // CUSTOMERS % 2])
                lines = [(products[price], quantity) for price, quantity in cart.lines]
                found.append(Ordered(case, cart, customer, shop.order(at, *lines, shipping_method=cart.shipping)))
        return found

    with ThreadPoolExecutor(CUSTOMERS) as pool:
        return [one for found in pool.map(all_of, customers) for one in found]
