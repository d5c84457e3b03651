"""Milestone 4: carts, orders to the cent, snapshots, somebody else's orders, and the status of an order."""

import re
from functools import partial
from typing import Any

import httpx2
import p1_totals
import pytest
from p1_accounts import Account
from p1_answers import Json, is_problem, names, statuses
from p1_carts import Ordered
from p1_shop import ADDRESS, CHECKOUT, ORDERS, Shop, tag

from checks.acceptance import blocked, expect, moments, parallel

ABSENT_ID = 987_654_321
NUMBER = re.compile(r"R-[0-9A-Z]{4,20}")


def cart(account: Account) -> Json:
    """Read the own cart."""
    answer = account.get("cart")
    expect(answer.status_code, 200, "The own cart can be read.")
    body: Json = answer.json()
    return body


def contents(account: Account) -> list[tuple[int, int, str]]:
    """Give product, quantity and unit price of each item of the own cart."""
    return [(item["product"]["id"], item["quantity"], item["unit_price"]) for item in cart(account)["items"]]


def add(account: Account, product: Json, quantity: Any = 1, **more: Any) -> httpx2.Response:
    """Put a product into the cart."""
    return account.post("cart/items", {"product_id": product["id"], "quantity": quantity, **more})


@pytest.fixture
def customer(shop: Shop) -> Account:
    """A new customer, with an empty cart."""
    return shop.accounts.new()


# The cart -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", ["adds-up", "changes", "limits", "unknown-products", "foreign", "available", "at-once"]
)
def test_cart(case: str, app: Any, shop: Shop, customer: Account, request: pytest.FixtureRequest) -> None:
    """A cart adds up, also in parallel.

    Products are put in, again, changed and taken out, ten times at the same moment, and in somebody else's cart.
    """
    product, other = shop.product(price="19.90", stock_quantity=5), shop.product(price="0.05")
    made = add(customer, product, 2)
    expect(made.status_code, 201, "A product is put into the cart.")
    item = made.json()
    if case == "adds-up":
        expect(item, {"id": item["id"], "product": {n: product[n] for n in ("id", "name", "slug", "sku")}, "quantity": 2,
                      "unit_price": "19.90", "line_total": "39.80", "available": True},
               "The item is in the contract's form.")  # fmt: skip
        expect(add(customer, other, 3).status_code, 201, "Another product is put in.")
        again = add(customer, product, 1)
        expect((again.status_code, again.json().get("id"), again.json().get("quantity")), (201, item["id"], 3),
               "The same product again adds to its item.")  # fmt: skip
        body = cart(customer)
        expect([(one["product"]["id"], one["line_total"]) for one in body["items"]],
               [(product["id"], "59.70"), (other["id"], "0.15")], "Items are in the order in which they came.")  # fmt: skip
        expect((body["subtotal"], body["currency"]), ("59.85", "EUR"), "The subtotal is the sum of the lines.")
    elif case == "changes":
        changed = customer.patch(f"cart/items/{item['id']}", {"quantity": 5})
        expect((changed.status_code, changed.json().get("quantity"), changed.json().get("line_total")),
               (200, 5, "99.50"), "The quantity is changed.")  # fmt: skip
        expect(contents(customer), [(product["id"], 5, "19.90")], "The cart shows it.")
        expect(customer.delete(f"cart/items/{item['id']}").status_code, 204, "The item is taken out.")
        expect(cart(customer), {"items": [], "subtotal": "0.00", "currency": "EUR"}, "The cart is empty.")
        is_problem(customer.delete(f"cart/items/{item['id']}"), 404, "An item that isn't there is a 404.")
    elif case == "limits":
        for wrong in (0, 100, -1, "2", 1.5, None):
            names(add(customer, other, wrong), 422, ["quantity"], f"The quantity {wrong!r} is a 422.")
            names(customer.patch(f"cart/items/{item['id']}", {"quantity": wrong}), 422, ["quantity"],
                  f"The quantity {wrong!r} is a 422.")  # fmt: skip
        names(add(customer, product, 98), 422, ["quantity"], "More than 99 in all is a 422.")
        expect(contents(customer), [(product["id"], 2, "19.90")], "The cart is what it was.")
        expect(add(customer, product, 97).json().get("quantity"), 99, "99 in all is fine, whatever the stock.")
    elif case == "unknown-products":
        hidden = shop.product(active=False)
        for one in (hidden, {"id": ABSENT_ID}):
            names(add(customer, one), 422, ["product_id"], "A product that is unknown or inactive is a 422.")
        names(add(customer, other, unit_price="0.01", total="0.01"), 422, ["unit_price", "total"],
              "What the client says of prices is an unknown field.")  # fmt: skip
        expect(contents(customer), [(product["id"], 2, "19.90")], "The cart is what it was.")
    elif case == "foreign":
        is_problem(
            shop.stranger.patch(f"cart/items/{item['id']}", {"quantity": 9}), 404, "Somebody else's item is a 404."
        )
        is_problem(shop.stranger.delete(f"cart/items/{item['id']}"), 404, "Somebody else's item is a 404.")
        is_problem(shop.admin.delete(f"cart/items/{item['id']}"), 404, "So it is for an admin.")
        expect(contents(customer), [(product["id"], 2, "19.90")], "The cart is what it was.")
    elif case == "available":
        expect(add(customer, product, 4).json().get("available"), False, "6 of 5 in stock are not available.")
        expect(customer.patch(f"cart/items/{item['id']}", {"quantity": 5}).json()["available"], True, "5 of 5 are.")
        shop.vendor.patch(f"products/{product['id']}", {"active": False})
        expect([one["available"] for one in cart(customer)["items"]], [False], "An inactive product isn't available.")
    else:
        both = customer, customer.on(request.getfixturevalue("other_web"))
        with moments.slow_inserts(app, "cart_items", 0.1):
            answers = parallel([partial(add, both[n % 2], other, 11) for n in range(10)])
        expect(statuses(answers), {201: 9, 422: 1}, "Of ten additions of 11 at once, those up to 99 are taken.")
        expect(contents(customer), [(product["id"], 2, "19.90"), (other["id"], 99, "0.05")],
               "They are one item with quantity 99.")  # fmt: skip


# Totals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [*p1_totals.CARTS, "read-again", "claimed-figures"])
def test_totals(case: str, shop: Shop, customer: Account, ordered_carts: list[Ordered], limits: Any) -> None:
    """Totals are computed by the server to the cent.

    Forty carts around every edge of the rules are checked out, and every figure is compared with an exact computation.
    A float, or a sum that is rounded once more, is a cent wrong in some of them.
    """
    if case == "read-again":
        for one in ordered_carts[::7]:
            expect(shop.read(one.account, one.order), one.order, "An order that is read is what the checkout answered.")
        first = ordered_carts[0].order
        expect((first["currency"], first["status"], first["shipping_method"], first["payment_method"]),
               ("EUR", "pending", "standard", "card"), "The order says what was chosen.")  # fmt: skip
        expect((first["shipping_address"], first["billing_address"]), (ADDRESS, ADDRESS),
               "Without a billing address it is the shipping address.")  # fmt: skip
    elif case == "claimed-figures":
        product = shop.product(price="100.00")
        shop.fill(customer, (product, 1))
        claimed = {"total": "0.01", "unit_price": "0.01", "discount": "99.00", "tax": "0.00", "subtotal": "0.01"}
        for name, value in claimed.items():
            names(
                shop.check_out(customer, **{name: value}), 422, [name], f"`{name}` in a checkout is an unknown field."
            )
        expect(customer.get("orders").json().get("total"), 0, "No order is made.")
        made = shop.check_out(customer, billing_address={**ADDRESS, "city": "Hamburg"})
        expect((made.status_code, made.json().get("total")), (201, "119.00"), "Without the claim there is an order.")
        expect(made.json()["billing_address"]["city"], "Hamburg", "It has the billing address that was given.")
    else:
        found = [one for one in ordered_carts if one.case == case]
        for one in found:
            expect(p1_totals.shown(one.order), p1_totals.figures(one.cart, limits),
                   f"Every figure of an order of {one.cart.lines} by {one.cart.shipping} is exact.")  # fmt: skip
            expect([line["line"] for line in one.order["items"]], list(range(1, len(one.cart.lines) + 1)),
                   "Lines are numbered from 1, in the order of the cart.")  # fmt: skip


# Snapshots ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["price-in-cart", "price-after-order", "names", "inactive-after-order",
                                  "inactive-in-cart"])  # fmt: skip
def test_price_snapshot(case: str, shop: Shop, customer: Account) -> None:
    """The price of the cart survives a price change.

    Prices and names are changed after the product was put into the cart, and again after the order. A receipt that
    changes later is no receipt.
    """
    category = shop.new_category()
    product = shop.product(price="19.90", category_id=category["id"])
    path = f"products/{product['id']}"
    shop.fill(customer, (product, 2))

    def change(**fields: Any) -> None:
        expect(shop.vendor.patch(path, fields).status_code, 200, "The vendor changes the product.")

    if case == "price-in-cart":
        change(price="29.90")
        expect(
            contents(customer), [(product["id"], 2, "19.90")], "The cart keeps the price of the moment it was put in."
        )
        again = add(customer, product, 1).json()
        expect((again.get("quantity"), again.get("unit_price"), again.get("line_total")), (3, "19.90", "59.70"),
               "Adding to the item keeps its first price.")  # fmt: skip
        other = shop.accounts.new()
        shop.fill(other, (product, 1))
        expect(contents(other), [(product["id"], 1, "29.90")], "Another cart gets the new price.")
        item = cart(customer)["items"][0]["id"]
        expect(
            customer.patch(f"cart/items/{item}", {"quantity": 1}).json()["unit_price"], "19.90", "A change keeps it."
        )
        made = shop.check_out(customer)
        expect((made.status_code, made.json().get("subtotal")), (201, "19.90"), "The order has the cart's price.")
        return
    if case == "inactive-in-cart":
        change(active=False)
        names(shop.check_out(customer), 409, [f"items.{product['id']}"], "An inactive product can't be checked out.")
        expect(contents(customer), [(product["id"], 2, "19.90")], "The cart is what it was.")
        change(active=True)
        expect(shop.check_out(customer).status_code, 201, "Active again, it can.")
        return
    made = shop.check_out(customer)
    expect(made.status_code, 201, "The cart becomes an order.")
    order = made.json()
    line = order["items"][0]
    expect((line["product_name"], line["sku"], line["category"], line["unit_price"]),
           (product["name"], product["sku"], category["name"], "19.90"), "The line has copies of what it shows.")  # fmt: skip
    if case == "price-after-order":
        change(price="0.01")
    elif case == "names":
        change(name="Renamed", sku=f"NEW-{tag()}")
        renamed = shop.admin.patch(f"categories/{category['id']}", {"name": f"Other {tag()}"})
        expect(renamed.status_code, 200, "The category is renamed.")
    else:
        change(active=False)
    expect(shop.read(customer, order), order, "The order is what it was.")


# Once ---------------------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Json, list[str]]] = {
    "no-city": ({"shipping_address": {n: v for n, v in ADDRESS.items() if n != "city"}}, ["shipping_address.city"]),
    "blank-name": ({"shipping_address": {**ADDRESS, "name": " "}}, ["shipping_address.name"]),
    "country": ({"shipping_address": {**ADDRESS, "country": "Germany"}}, ["shipping_address.country"]),
    "billing": ({"billing_address": {**ADDRESS, "postal_code": "", "x": 1}},
                ["billing_address.postal_code", "billing_address.x"]),
    "methods": ({"shipping_method": "drone", "payment_method": "iou"}, ["shipping_method", "payment_method"]),
}  # fmt: skip


@pytest.mark.parametrize("case", ["empties", "empty-cart", "at-once", "numbers", "invalid"])
def test_one_order_per_cart(case: str, app: Any, shop: Shop, customer: Account, request: pytest.FixtureRequest) -> None:
    """One cart becomes one order, also in parallel.

    A cart is checked out ten times at the same moment, at two processes. A second click must not be a second order.
    """
    product = shop.product(price="10.00")
    shop.fill(customer, (product, 2))
    if case == "at-once":
        both = customer, customer.on(request.getfixturevalue("other_web"))
        with moments.slow_inserts(app, "orders"):  # meanwhile the others look into the cart
            answers = parallel([partial(shop.check_out, both[n % 2]) for n in range(10)])
        expect(statuses(answers), {201: 1, 409: 9}, "Of ten checkouts of one cart at once, one is an order.")
        expect(customer.get("orders").json()["total"], 1, "There is one order.")
        expect(cart(customer)["items"], [], "The cart is empty.")
        return
    if case == "invalid":
        for what, (change, fields) in REFUSED.items():
            names(shop.check_out(customer, **change), 422, fields, f"A checkout with {what} wrong is a 422.")
        names(customer.post("orders", {}), 422, list(CHECKOUT), "Missing fields are a 422.")
        expect((customer.get("orders").json().get("total"), contents(customer)), (0, [(product["id"], 2, "10.00")]),
               "There is no order, and the cart is what it was.")  # fmt: skip
    made = shop.check_out(customer)
    expect(made.status_code, 201, "The cart becomes an order.")
    order = made.json()
    if case == "empties":
        expect(cart(customer)["items"], [], "The cart is empty afterwards.")
        location = made.headers.get("location", "")
        assert location.endswith(f"/api/v1/orders/{order['id']}"), f"Location is the order's path, not {location!r}."
        expect(shop.stock(product), 98, "Its stock is taken.")
    elif case == "empty-cart":
        is_problem(shop.check_out(customer), 409, "An empty cart is a 409.")
        expect(customer.get("orders").json()["total"], 1, "There is one order.")
    elif case == "numbers":
        shop.order(customer, (product, 1))
        every = everybodys_orders(shop)
        found = [one["order_number"] for one in every]
        odd = [number for number in found if not NUMBER.fullmatch(number)]
        expect(odd, [], "Each order number is in the form of the contract.")
        assert len(found) >= 2, "An admin sees everybody's orders."
        expect(len(set(found)), len(found), "Each order number is there once.")


def everybodys_orders(shop: Shop, query: str = "") -> list[Json]:
    """Read the orders that an admin sees, all pages."""
    found: list[Json] = []
    page, total = 1, 1
    while (page - 1) * 100 < total:
        answer = shop.admin.get(f"orders?per_page=100&page={page}{query}")
        if answer.status_code != 200:
            blocked(f"orders can't be listed: the answer is {answer.status_code}", by=ORDERS)
        body = answer.json()
        found, total, page = found + body["items"], body["total"], page + 1
    return found


# Somebody else's ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["read", "cancel", "pay", "lists", "admin"])
def test_foreign_orders(case: str, shop: Shop, customer: Account) -> None:
    """Somebody else's order is a 404.

    Another customer and the vendor of the product try to read, cancel and pay an order, and look into their lists.
    Counting ids up has exposed more data than any clever attack.
    """
    product = shop.product()
    order = shop.order(customer, (product, 1))
    path = f"orders/{order['id']}"
    expect(customer.get(path).status_code, 200, "One reads the own order.")
    if case == "lists":
        _own_orders_are_listed(shop, customer, order)
    elif case == "admin":
        expect(shop.admin.get(path).json(), order, "An admin reads everybody's orders.")
        found = [one["id"] for one in shop.admin.get("orders?per_page=5").json()["items"]]
        expect(found[0], order["id"], "An admin lists everybody's orders, newest first.")
        expect(shop.admin.post(f"{path}/cancel").status_code, 200, "An admin cancels a pending order.")
        is_problem(shop.admin.get(f"orders/{ABSENT_ID}"), 404, "An unknown order is a 404 for an admin, too.")
    else:
        if case == "pay":
            expect(shop.try_to_pay(customer, order).status_code, 201, "One pays the own order.")
        for who in (shop.stranger, shop.vendor):
            ask = {"read": partial(who.get, path), "cancel": partial(who.post, f"{path}/cancel"),
                   "pay": partial(shop.try_to_pay, who, order)}[case]  # fmt: skip
            is_problem(ask(), 404, f"Somebody else's order is a 404 to {case} for a {who.role}.")
        expect(shop.read(customer, order), order, "Nothing changes.")
        if case == "cancel":
            expect(customer.post(f"{path}/cancel").status_code, 200, "One cancels the own order.")


def _own_orders_are_listed(shop: Shop, customer: Account, first: Json) -> None:
    product = shop.product()
    orders = [first, *(shop.order(customer, (product, 1)) for _ in range(4))]
    expect(customer.post(f"orders/{orders[1]['id']}/cancel").status_code, 200, "An order is cancelled.")
    newest = [order["id"] for order in reversed(orders)]

    def listed(query: str) -> list[int]:
        answer = customer.get(f"orders?{query}")
        expect(answer.status_code, 200, "Orders are listed.")
        return [order["id"] for order in answer.json()["items"]]

    expect(listed(""), newest, "The own orders are listed, newest first.")
    expect(listed("per_page=2&page=2"), newest[2:4], "They are listed by page.")
    expect(listed("status=cancelled"), [orders[1]["id"]], "They are listed by status.")
    expect(listed("status=pending"), [id_ for id_ in newest if id_ != orders[1]["id"]], "They are listed by status.")
    names(customer.get("orders?status=lost&per_page=101"), 422, ["status", "per_page"], "Wrong parameters are a 422.")
    for who in (shop.stranger, shop.vendor):
        found = {order["id"] for order in who.get("orders?per_page=100").json()["items"]}
        expect(found & set(newest), set(), f"They are in no list of a {who.role}.")


# Status -------------------------------------------------------------------------------------------------------------

TIMES = ("paid_at", "shipped_at", "delivered_at", "cancelled_at")


def _refuses(shop: Shop, customer: Account, order: Json, *steps: str) -> None:
    """Hold every step to be a 409 that changes nothing."""
    before = shop.read(customer, order)
    for step in steps:
        who = customer if step == "cancel" else shop.admin
        is_problem(
            who.post(f"orders/{order['id']}/{step}"), 409, f"To {step} an order that is {before['status']} is a 409."
        )
    expect(shop.read(customer, order), before, "A refused step changes nothing.")


def _goes(shop: Shop, who: Account, order: Json, step: str, status: str) -> Json:
    """Hold a step to succeed, and its time to be set."""
    before = shop.read(shop.admin, order)
    answer = who.post(f"orders/{order['id']}/{step}")
    expect((answer.status_code, answer.json().get("status")), (200, status), f"To {step} it makes it {status}.")
    after: Json = answer.json()
    assert after[f"{status}_at"], f"{status}_at should be set."
    kept = [name for name in TIMES if name != f"{status}_at" and after[name] != before[name]]
    expect(kept, [], "The other times stay as they were.")
    expect(shop.read(shop.admin, order), after, "The order is read as it is now.")
    return after


@pytest.mark.parametrize("case", ["pending", "cancelled", "paid", "shipped", "delivered", "roles", "cancel-at-once",
                                  "ship-at-once"])  # fmt: skip
def test_status_changes(case: str, shop: Shop, customer: Account, request: pytest.FixtureRequest) -> None:
    """Only legal status changes happen.

    Every operation is tried in every status, some of them ten times at the same moment. A shipped order that is
    cancelled costs the goods and the money.
    """
    product = shop.product()
    order = shop.order(customer, (product, 1))
    if case == "pending":
        _refuses(shop, customer, order, "ship", "deliver")
        _goes(shop, customer, order, "cancel", "cancelled")
    elif case == "cancelled":
        _goes(shop, customer, order, "cancel", "cancelled")
        _refuses(shop, customer, order, "cancel", "ship", "deliver")
    elif case == "cancel-at-once":
        both = customer, customer.on(request.getfixturevalue("other_web"))
        answers = parallel([partial(both[n % 2].post, f"orders/{order['id']}/cancel") for n in range(10)])
        expect(statuses(answers), {200: 1, 409: 9}, "Of ten cancellations at once, one succeeds.")
    else:
        paid = shop.pay(customer, order)
        expect((paid["status"], paid["paid_at"] is not None), ("paid", True), "The order is paid.")
        if case == "roles":
            for who in (customer, shop.vendor):
                for step in ("ship", "deliver"):
                    is_problem(who.post(f"orders/{order['id']}/{step}"), 403, f"A {who.role} can't {step} an order.")
            expect(shop.read(customer, order), paid, "A refused step changes nothing.")
            is_problem(shop.admin.post(f"orders/{ABSENT_ID}/ship"), 404, "An unknown order is a 404.")
        if case == "paid":
            _refuses(shop, customer, order, "cancel", "deliver")
        if case == "ship-at-once":
            both = shop.admin, shop.admin.on(request.getfixturevalue("other_web"))
            answers = parallel([partial(both[n % 2].post, f"orders/{order['id']}/ship") for n in range(10)])
            expect(statuses(answers), {200: 1, 409: 9}, "Of ten shipments at once, one succeeds.")
            return
        _goes(shop, shop.admin, order, "ship", "shipped")
        if case == "shipped":
            _refuses(shop, customer, order, "cancel", "ship")
        _goes(shop, shop.admin, order, "deliver", "delivered")
        if case == "delivered":
            _refuses(shop, customer, order, "cancel", "ship", "deliver")
