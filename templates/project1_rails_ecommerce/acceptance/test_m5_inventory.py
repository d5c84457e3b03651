"""Milestone 5: the last units, the ledger, adjustments, and the job for what runs out."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
import p1_lag
import psycopg
import pytest
from p1_accounts import Account
from p1_answers import Json, is_problem, names, statuses
from p1_pause import Pause
from p1_second import SecondWeb
from p1_shop import Shop, tag

from checks.acceptance import expect, moments, parallel

ABSENT_ID = 987_654_321
LEDGER = "acceptance.m5.ledger"


def entries(app: Any, product: Json) -> list[tuple[int, str, int | None, int]]:
    """Give delta, reason, order and stock afterwards of each entry in a product's ledger."""
    rows: list[tuple[int, str, int | None, int]] = app.sql(
        "select delta, reason, order_id, stock_quantity from stock_movements where product_id = %(id)s order by id",
        id=product["id"],
    )
    return rows


def agrees(app: Any, shop: Shop, product: Json, stock: int, what: str) -> None:
    """Hold the API's figure, the table's, the sum of the ledger and its last entry to be this stock."""
    ledger = entries(app, product)
    (table,) = app.sql("select stock_quantity from products where id = %(id)s", id=product["id"])
    found = {
        "API": shop.stock(product),
        "products.stock_quantity": table[0],
        "sum of deltas": sum(delta for delta, *_ in ledger),
        "last entry": ledger[-1][3] if ledger else 0,
    }
    expect(found, dict.fromkeys(found, stock), what)


def adjust(account: Account, product: Json, delta: Any, reason: Any = "correction") -> httpx2.Response:
    """Change a stock by hand."""
    return account.post(f"inventory/{product['id']}/adjustments", {"delta": delta, "reason": reason})


# The last units -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["sold-out", "all-or-none", "constraint"])
def test_last_units(
    case: str, app: Any, shop: Shop, other_web: httpx2.Client, crowd: list[Account], limits: Any
) -> None:
    """Parallel checkouts of the last 5 units sell exactly 5.

    Twenty customers check out one unit each at the same moment, at two processes. Selling what isn't there is the most
    expensive form of "check, then act".
    """
    product = shop.product(stock_quantity=limits.last_units)
    if case == "sold-out":
        buyers = [
            account.on((shop.client, other_web)[n % 2]) for n, account in enumerate(crowd[: limits.parallel_checkouts])
        ]
        for account in buyers:
            shop.fill(account, (product, 1))
        start = time.monotonic()
        with p1_lag.slow_stock(app):
            answers = parallel([partial(shop.check_out, account) for account in buyers])
        took = time.monotonic() - start
        refused = len(buyers) - limits.last_units
        expect(statuses(answers), {201: limits.last_units, 409: refused}, "Exactly the last units are sold.")
        agrees(app, shop, product, 0, "Nothing is left, and the ledger says so.")
        assert took <= limits.checkouts_seconds, (
            f"All should be answered within {limits.checkouts_seconds} s: {took:.1f} s."
        )
        losers = [
            (account, answer) for account, answer in zip(buyers, answers, strict=True) if answer.status_code == 409
        ]
        account, answer = losers[0]
        names(answer, 409, [f"items.{product['id']}"], "The 409 names the line.")
        expect([one["quantity"] for one in account.get("cart").json()["items"]], [1], "The cart is what it was.")
        for account, _ in losers:  # others need empty carts
            shop.clear(account)
    elif case == "all-or-none":
        account, gone, scarce = shop.accounts.new(), shop.product(stock_quantity=0), shop.product(stock_quantity=2)
        shop.fill(account, (product, 2), (gone, 1), (scarce, 3))
        before = account.get("cart").json()
        wanted = [f"items.{gone['id']}", f"items.{scarce['id']}"]
        names(shop.check_out(account), 409, wanted, "A line that can't be had is a 409 that names it.")
        expect(account.get("cart").json(), before, "The cart is what it was.")
        agrees(app, shop, product, limits.last_units, "The stock of the other lines is what it was.")
        expect(account.get("orders").json().get("total"), 0, "There is no order.")
        for item in before["items"][1:]:
            account.delete(f"cart/items/{item['id']}")
        expect(shop.check_out(account).status_code, 201, "Without them it is an order.")
        agrees(app, shop, product, limits.last_units - 2, "Its stock is taken.")
    else:
        shop.order(shop.accounts.new(), (product, 1))
        agrees(app, shop, product, limits.last_units - 1, "A unit is sold.")
        try:
            app.sql("update products set stock_quantity = -1 where id = %(id)s", id=product["id"])
        except psycopg.errors.CheckViolation:
            return
        app.sql(
            "update products set stock_quantity = %(n)s where id = %(id)s", n=limits.last_units - 1, id=product["id"]
        )
        raise AssertionError("A database constraint should stand behind the code: a stock of -1 was stored.")


def test_opposite_order(app: Any, shop: Shop, other_web: httpx2.Client, crowd: list[Account]) -> None:
    """Carts in opposite order don't lock each other out.

    Thirty checkouts at the same moment, half with products A, then B, half with B, then A. Two transactions that wait
    for each other end with an error that customers see.
    """
    first, second = shop.product(stock_quantity=50), shop.product(stock_quantity=50)
    lines = [(first, 1), (second, 1)]
    buyers = [account.on((shop.client, other_web)[n % 2]) for n, account in enumerate(crowd)]
    for number, account in enumerate(buyers):
        shop.fill(account, *(lines if number % 4 < 2 else reversed(lines)))
    with p1_lag.slow_stock(app, 0.01):
        answers = parallel([partial(shop.check_out, account) for account in buyers])
    expect(statuses(answers), {201: len(buyers)}, "All checkouts succeed.")
    for product in (first, second):
        agrees(app, shop, product, 50 - len(buyers), "The stock of both products is right.")


# Cancellations and the ledger ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["returned", "at-once", "paid"])
def test_cancel_returns_stock(case: str, app: Any, shop: Shop, other_web: httpx2.Client) -> None:
    """A cancelled order returns its stock once.

    An order of two products is cancelled, ten times at the same moment, and after it was paid.
    """
    account = shop.accounts.new()
    products = [shop.product(stock_quantity=10), shop.product(stock_quantity=20)]
    order = shop.order(account, (products[0], 3), (products[1], 4))
    for product, stock in zip(products, (7, 16), strict=True):
        agrees(app, shop, product, stock, "The stock is taken.")
    path = f"orders/{order['id']}/cancel"
    if case == "paid":
        shop.pay(account, order)
        is_problem(account.post(path), 409, "A paid order can't be cancelled.")
        for product, stock in zip(products, (7, 16), strict=True):
            agrees(app, shop, product, stock, "Its stock stays taken.")
        return
    if case == "returned":
        expect(account.post(path).status_code, 200, "A pending order is cancelled.")
        is_problem(account.post(path), 409, "A second time is a 409.")
    else:
        both = account, account.on(other_web)
        with p1_lag.slow_stock(app), moments.slow_updates(app, "orders"):
            answers = parallel([partial(both[n % 2].post, path) for n in range(10)])
        expect(statuses(answers), {200: 1, 409: 9}, "Of ten cancellations at once, one succeeds.")
    for product, quantity, stock in zip(products, (3, 4), (10, 20), strict=True):
        agrees(app, shop, product, stock, "The stock is back once.")
        taken, returned = entries(app, product)[-2:]
        expect((taken[:3], returned[:3]),
               ((-quantity, "order", order["id"]), (quantity, "cancellation", order["id"])),
               "Both changes are in the ledger, with the order.")  # fmt: skip


OPERATIONS = 80
WORKERS = 8
Change = tuple[int, int, str]  # product, delta, reason


@pytest.fixture(scope="module")
def turmoil(shop: Shop, second_web: SecondWeb, crowd: list[Account]) -> list[tuple[Json, Counter[tuple[int, str]]]]:
    """Products after many random operations, eight at a time, with the changes that were answered: delta and reason."""
    products = [shop.product(stock_quantity=stock) for stock in (6, 15, 40)]
    # Whoever can't order is blocked here; and whatever chance brings, each product has seen an order and its end.
    first = shop.order(crowd[0], *((product, 1) for product in products))
    expect(crowd[0].post(f"orders/{first['id']}/cancel").status_code, 200, "A pending order is cancelled.")
    begun = [(product["id"], product["stock_quantity"], "initial") for product in products]
    begun += [(product["id"], -1, "order") for product in products]
    begun += [(product["id"], 1, "cancellation") for product in products]

    def work(number: int) -> list[Change]:
        chance, changes = random.Random(number), list[Change]()
        account = crowd[number].on((shop.client, second_web.client)[number % 2])
        open_orders: list[Json] = []
        for _ in range(OPERATIONS // WORKERS):
            product = chance.choice(products)
            kind = chance.random()
            if kind < 0.5:
                lines = [(one, chance.randint(1, 3)) for one in chance.sample(products, chance.randint(1, 2))]
                shop.fill(account, *lines)
                answer = shop.check_out(account)
                if answer.status_code == 201:
                    open_orders.append(answer.json())
                    changes += [(line["product_id"], -line["quantity"], "order") for line in answer.json()["items"]]
                else:
                    expect(answer.status_code, 409, "A checkout succeeds or is a 409.")
                    shop.clear(account)
            elif kind < 0.75 and open_orders:
                order = open_orders.pop()
                answer = account.post(f"orders/{order['id']}/cancel")
                expect(answer.status_code, 200, "A pending order is cancelled.")
                changes += [(line["product_id"], line["quantity"], "cancellation") for line in order["items"]]
            else:
                delta = chance.choice((-4, -2, -1, 1, 3, 5))
                answer = adjust(shop.vendor, product, delta)
                if answer.status_code == 201:
                    changes.append((product["id"], delta, "correction"))
                else:
                    expect(answer.status_code, 409, "An adjustment succeeds or is a 409.")
        return changes

    with ThreadPoolExecutor(WORKERS) as pool:
        changes = begun + [change for some in pool.map(work, range(WORKERS)) for change in some]
    return [
        (product, Counter((delta, reason) for id_, delta, reason in changes if id_ == product["id"]))
        for product in products
    ]


@pytest.mark.parametrize("case", ["scarce", "some", "plenty"])
def test_ledger(case: str, app: Any, shop: Shop, turmoil: list[tuple[Json, Counter[tuple[int, str]]]]) -> None:
    """The ledger equals the stock.

    Checkouts, cancellations and adjustments by chance, eight at a time; the grader adds up what was answered. A stock
    that no ledger explains is counted by hand every quarter.
    """
    product, changes = turmoil[("scarce", "some", "plenty").index(case)]
    agrees(app, shop, product, sum(delta * times for (delta, _), times in changes.items()),
           "API, table, ledger and what was answered agree.")  # fmt: skip
    ledger = entries(app, product)
    found = Counter((delta, reason) for delta, reason, *_ in ledger)
    expect(dict(found), dict(changes), "Every change that was answered is an entry of its own, and nothing else is.")
    expect([row for row in ledger if row[3] < 0], [], "No stock is negative.")
    nameless = [row for row in ledger if (row[1] in ("order", "cancellation")) != (row[2] is not None)]
    expect(nameless, [], "Orders and cancellations name their order, other entries none.")


# Adjustments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["up-and-down", "refused", "roles", "at-once", "listing"])
def test_adjustments(case: str, app: Any, shop: Shop, other_web: httpx2.Client) -> None:
    """Stock is adjusted by its vendor and never negative.

    Up and down, below zero, by strangers, and ten times at the same moment.
    """
    vendor = shop.vendor if case != "listing" else shop.accounts.new("vendor")
    product = shop.product(vendor, stock_quantity=5)
    up = adjust(vendor, product, 20, "restock")
    expect(up.status_code, 201, "A vendor adjusts the stock.")
    if case == "up-and-down":
        body = up.json()
        wanted = {"id": body["id"], "product_id": product["id"], "delta": 20, "reason": "restock", "order_id": None,
                  "stock_quantity": 25, "created_at": body["created_at"]}  # fmt: skip
        expect(body, wanted, "The answer is the entry in the ledger.")
        expect(adjust(vendor, product, -5, "damage").json().get("stock_quantity"), 20, "It goes down, too.")
        agrees(app, shop, product, 20, "Stock and ledger agree.")
        expect([row[:2] for row in entries(app, product)], [(5, "initial"), (20, "restock"), (-5, "damage")],
               "Each adjustment is an entry.")  # fmt: skip
    elif case == "refused":
        is_problem(adjust(vendor, product, -26), 409, "A stock below zero is a 409.")
        is_problem(adjust(vendor, product, 999_976), 409, "A stock above 1,000,000 is a 409.")
        names(adjust(vendor, product, 0), 422, ["delta"], "A change of 0 is a 422.")
        names(adjust(vendor, product, "5", "theft"), 422, ["delta", "reason"], "Wrong fields are a 422.")
        is_problem(adjust(vendor, {"id": ABSENT_ID}, 1), 404, "An unknown product is a 404.")
        agrees(app, shop, product, 25, "Nothing changes.")
        expect(adjust(vendor, product, -25).json().get("stock_quantity"), 0, "Down to 0 is fine.")
    elif case == "roles":
        is_problem(adjust(shop.rival, product, 1), 404, "Another vendor's product is a 404.")
        is_problem(adjust(shop.stranger, product, 1), 403, "A customer adjusts no stock.")
        is_problem(shop.stranger.get("inventory"), 403, "A customer sees no inventory.")
        agrees(app, shop, product, 25, "Nothing changes.")
        expect(adjust(shop.admin, product, 1).json().get("stock_quantity"), 26, "An admin adjusts any stock.")
    elif case == "at-once":
        expect(adjust(vendor, product, -20).json().get("stock_quantity"), 5, "Five are left.")
        both = vendor, vendor.on(other_web)
        with p1_lag.slow_stock(app):
            answers = parallel([partial(adjust, both[n % 2], product, -1) for n in range(10)])
        expect(statuses(answers), {201: 5, 409: 5}, "Of ten adjustments by −1 with 5 in stock, five succeed.")
        agrees(app, shop, product, 0, "Stock and ledger agree.")
    else:
        _inventory_is_listed(shop, vendor, product)


def _inventory_is_listed(shop: Shop, vendor: Account, first: Json) -> None:
    low = shop.product(vendor, stock_quantity=3, low_stock_threshold=3)
    enough = shop.product(vendor, stock_quantity=4, low_stock_threshold=3, active=False, name=f"Hidden {tag()}")
    wanted = [(first["id"], 25, False, True), (low["id"], 3, True, True), (enough["id"], 4, False, False)]

    def listed(who: Account, query: str) -> list[tuple[Any, ...]]:
        answer = who.get(f"inventory?{query}")
        expect(answer.status_code, 200, "The inventory is listed.")
        items = answer.json()["items"]
        return [(one["product_id"], one["stock_quantity"], one["low_stock"], one["active"]) for one in items]

    expect(listed(vendor, ""), wanted, "The own products are listed by id, inactive ones included.")
    expect(listed(vendor, "per_page=2&page=2"), wanted[2:], "They are listed by page.")
    expect(listed(vendor, "low_stock=true"), wanted[1:2], "They are listed by whether they are low.")
    expect(listed(vendor, "low_stock=false"), [wanted[0], wanted[2]], "They are listed by whether they are low.")
    item = vendor.get("inventory").json()["items"][1]
    expect((item["sku"], item["name"], item["low_stock_threshold"], item["views_count"]),
           (low["sku"], low["name"], 3, 0), "An item says what it is.")  # fmt: skip
    names(vendor.get("inventory?low_stock=maybe"), 422, ["low_stock"], "A wrong parameter is a 422.")
    total = shop.admin.get("inventory?per_page=1").json()["total"]
    assert total > len(wanted), "An admin lists everybody's products."


# What runs out ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["steps", "parallel", "again", "refused"])
def test_low_stock_once(case: str, pause: Pause) -> None:
    """The low-stock job is enqueued once.

    The worker is stopped and Sidekiq's queue is read, while products run out one by one, all at once, again, and in a
    checkout that is refused. A vendor who gets a mail for each sale reads none.
    """
    counts = pause.counts[case]
    if case == "steps":
        expect(
            counts, [0, 0, 1, 1, 1], "From 8 to 3 with the threshold 5, the job is enqueued once, when it is reached."
        )
    elif case == "parallel":
        expect(pause.answers["parallel"], {201: 5}, "Five checkouts at once succeed.")
        expect(counts, [1], "Five checkouts at once that cross the threshold enqueue one job.")
    elif case == "again":
        expect(pause.answers["again"], [201] * 5, "The vendor adjusts the stock.")
        expect(counts, [1, 1, 1, 2, 2], "Down to 5, 4, up to 10, down to 4, 3: two occasions, two jobs.")
    else:
        expect(pause.answers["refused"], 409, "A checkout with a line that is sold out is refused.")
        expect(counts, [0, 1], "A refused checkout enqueues nothing; the one that succeeds does.")
