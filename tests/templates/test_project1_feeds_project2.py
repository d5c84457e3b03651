"""Project 2's solution pulls its orders from project 1's solution: here the two contracts meet, and nothing is played
but the payment provider. Project 1 runs on the Rails that Debian packages, as everywhere in these tests.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import os
import secrets
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any

import httpx2
import pytest

from checks.acceptance.peer import Peer, Reply, Request
from checks.runners.processes import Application, boot
from scaffolder.create import create
from scaffolder.projects import find_project
from tests.support.services import project1_environment, project2_environment
from tests.support.tools import cache_folder

pytestmark = pytest.mark.slow

Json = dict[str, Any]
PROGRAMS = cache_folder() / "ruby" / "bin"
PASSWORD = "correct horse battery"
ORDERS = 104  # more than one page of the export
REGIONS = ("North", "South", "West")
PAYMENT_METHODS = ("card", "bank_transfer", "wallet", "cash")
PRODUCTS = (("Field Guide", "Books", "19.90"), ("Binoculars", "Optics", "222.35"), ("Bird Box", "Garden", "0.05"))
BASKETS = ((0, 1), (1, 1), (2, 7), (0, 3), (1, 2))  # product and quantity of a line; an order has two in a row
RUN_SECONDS = 120  # for one run of the synchronisation, on a busy machine


# Both applications --------------------------------------------------------------------------------------------------


def solution(project: str, root: Path, answers: Mapping[str, str]) -> Path:
    create(find_project(project), root, dict(answers), git=False, solution=True)
    return root


def run(root: Path, variables: Mapping[str, str], *command: str) -> None:
    done = subprocess.run(
        command, cwd=root, env=dict(variables), capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-4000:]}"


def booted(root: Path, variables: Mapping[str, str]) -> Any:
    return boot(root, (root / "Procfile").read_text(encoding="utf-8"), variables, ready_seconds=180)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Project 1's solution with an admin, a vendor and products, at a provider that takes every charge."""
    if not (PROGRAMS / "bundle").is_file():
        reason = f"there is no Ruby for the tests; tests/toolchains/ruby.sh {cache_folder()} builds it"
        if os.environ.get("REQUIRE_TOOLCHAINS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    root = solution("project1", tmp_path_factory.mktemp("shop") / "shop", {"rails_version": "7.2"})
    provider = Peer(charged)
    with project1_environment(tmp_path_factory.mktemp("services")) as services:
        variables = {
            **services,
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(root),
            "RAILS_ENV": "production",
            "BUNDLE_SILENCE_ROOT_WARNING": "1",
            "PAYMENT_PROVIDER_URL": provider.url,
        }
        run(root, variables, "bundle", "install")
        with booted(root, variables) as application, httpx2.Client(timeout=60, trust_env=False) as http:
            for role in ("admin", "vendor"):
                staff = {"EMAIL": f"{role}@example.org", "PASSWORD": PASSWORD, "ROLE": role}
                run(root, {**variables, **staff}, "bin/rails", "users:create")
            yield Shop(http, application["web"].url, variables)
    provider.stop()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[Platform]:
    """Project 2's solution, which is told where the shop is and what its service token is."""
    root = solution("project2", tmp_path_factory.mktemp("platform") / "platform", {})
    # The tests' own virtual environment must not leak into the repository's.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST", "VIRTUAL_ENV", "PYTHON"))}
    run(root, inherited, "bin/setup")
    with project2_environment(tmp_path_factory.mktemp("services")) as services:
        variables = {
            **services,
            "PATH": f"{root / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(root),
            "COMMERCE_API_URL": shop.url,
            "COMMERCE_API_TOKEN": shop.variables["SERVICE_TOKEN"],
        }
        with booted(root, variables) as application, httpx2.Client(timeout=60, trust_env=False) as http:
            operator = {"DJANGO_SUPERUSER_USERNAME": "olga", "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
                        "DJANGO_SUPERUSER_EMAIL": "olga@example.org"}  # fmt: skip
            run(root, {**variables, **operator}, "python", "manage.py", "createsuperuser", "--noinput")
            yield Platform(http, application)


def charged(request: Request) -> Reply:
    return Reply(201, json={"id": f"ch_{secrets.token_hex(8)}", "status": "pending"})


class Shop:
    """Project 1's API, as customers, vendor, admin and payment provider use it."""

    def __init__(self, http: httpx2.Client, url: str, variables: Mapping[str, str]) -> None:
        self.http, self.url, self.variables = http, url, variables
        self.admin, self.vendor = (self.log_in(f"{role}@example.org") for role in ("admin", "vendor"))
        self.products = [self.product(name, category, price) for name, category, price in PRODUCTS]
        self.customers = [self.register(f"customer.{number}@example.org") for number in range(4)]

    def ask(self, method: str, path: str, status: int, token: str = "", **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= arguments.pop("headers", {})
        answer = self.http.request(method, f"{self.url}/api/v1/{path}", headers=headers, **arguments)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:600]}"
        return answer.json() if answer.content else None

    def log_in(self, email: str) -> str:
        body = {"email": email, "password": PASSWORD}
        return str(self.ask("POST", "auth/login", 200, json=body)["access_token"])

    def register(self, email: str) -> str:
        body = {"email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Example"}
        return str(self.ask("POST", "auth/register", 201, json=body)["access_token"])

    def product(self, name: str, category: str, price: str) -> Json:
        made = self.ask("POST", "categories", 201, self.admin, json={"name": category})
        body = {"name": name, "sku": name.replace(" ", "-").upper(), "price": price, "stock_quantity": 100_000,
                "category_id": made["id"]}  # fmt: skip
        found: Json = self.ask("POST", "products", 201, self.vendor, json=body)
        return found

    def order(self, number: int, customer: str) -> Json:
        """An order that isn't paid yet; its number decides what is in it."""
        for product, quantity in itertools.islice(itertools.cycle(BASKETS), number % 5, number % 5 + 2):
            body = {"product_id": self.products[product]["id"], "quantity": quantity}
            self.ask("POST", "cart/items", 201, customer, json=body)
        address = {"name": "Ada Example", "line1": "Lindenweg 4", "postal_code": "10115", "city": "Berlin",
                   "region": REGIONS[number % 3], "country": "DE"}  # fmt: skip
        checkout = {"shipping_address": address, "shipping_method": "express",
                    "payment_method": PAYMENT_METHODS[number % 4]}  # fmt: skip
        found: Json = self.ask("POST", "orders", 201, customer, json=checkout)
        return found

    def paid(self, number: int, customer: str) -> Json:
        """An order that the provider has told to be paid, as its customer sees it then."""
        order = self.order(number, customer)
        payment = self.ask(
            "POST", f"orders/{order['id']}/payments", 201, customer,
            json={"amount": order["total"], "method": order["payment_method"]},
            headers={"Idempotency-Key": secrets.token_urlsafe(18)},
        )  # fmt: skip
        told = {"id": f"evt_{secrets.token_hex(8)}", "type": "payment.succeeded",
                "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "data": {"reference": payment["provider_reference"], "amount": payment["amount"],
                         "currency": "EUR"}}  # fmt: skip
        self.deliver(json.dumps(told).encode())
        found: Json = self.ask("GET", f"orders/{order['id']}", 200, customer)
        assert found["status"] == "paid"
        return found

    def deliver(self, body: bytes) -> None:
        stamp = str(int(time.time()))
        secret = self.variables["WEBHOOK_SECRET"].encode()
        signature = hmac.new(secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Webhook-Timestamp": stamp,
                   "X-Webhook-Signature": f"v1={signature}"}  # fmt: skip
        self.ask("POST", "webhooks/payments", 204, content=body, headers=headers)


class Platform:
    """Project 2's API, as its operator uses it."""

    def __init__(self, http: httpx2.Client, application: Application) -> None:
        self.http, self.url = http, application["api"].url
        body = {"username": "olga", "password": PASSWORD}
        issued = http.post(f"{application['admin'].url}/api/token/", json=body)
        assert issued.status_code == 200, issued.text
        self.headers = {"Authorization": f"Bearer {issued.json()['access_token']}"}

    def ask(self, method: str, path: str, status: int = 200, query: Mapping[str, str] | None = None) -> Json:
        answer = self.http.request(method, f"{self.url}/api/v1/{path}", headers=self.headers, params=query)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:600]}"
        found: Json = answer.json()
        return found

    def sync(self) -> Json:
        """Have one run made and give the state after it."""
        job = self.ask("POST", "sync/orders", 202)
        end = time.monotonic() + RUN_SECONDS
        while (job := self.ask("GET", f"jobs/{job['id']}"))["status"] not in ("completed", "failed"):
            assert time.monotonic() < end, f"a run should be over within {RUN_SECONDS} s: {job}"
            time.sleep(0.1)
        state = self.ask("GET", "sync/orders")
        assert (job["status"], job["errors"], state["state"]) == ("completed", [], "ok"), (job, state)
        return state

    def figures(self, days: tuple[date, date]) -> Figures:
        """What the analytics say of a range of days."""
        span = {"start": days[0].isoformat(), "end": days[1].isoformat()}
        summary = self.ask("GET", "analytics/summary", query=span)
        top = self.ask("GET", "analytics/top-products", query=span)
        daily = self.ask("GET", "analytics/daily", query=span)
        return Figures(
            {name: summary[name] for name in ("revenue", "orders", "units", "average_order_value", "unique_customers")},
            {by: summary[f"by_{by}"] for by in ("region", "category", "payment_method")},
            [{name: value for name, value in one.items() if name != "rank"} for one in top["items"]],
            {day["date"]: (day["revenue"], day["orders"], day["units"]) for day in daily["items"] if day["orders"]},
        )


# What the figures must be -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """Totals, the same by each of three columns, by product and by day."""

    totals: Json
    by: dict[str, list[Json]]
    products: list[Json]
    days: dict[str, tuple[str, int, int]]


@dataclass(frozen=True)
class Line:
    """A line of an order, which is a sale over there."""

    customer: str
    day: str
    region: str
    payment_method: str
    product_id: str
    product_name: str
    category: str
    quantity: int
    total: Decimal


def lines(orders: list[Json], customer: str) -> list[Line]:
    """The lines of a customer's orders, as project 1 shows them to that customer."""
    return [
        Line(customer, order["created_at"][:10], order["shipping_address"]["region"], order["payment_method"],
             f"P-{line['product_id']}", line["product_name"], line["category"], line["quantity"],
             Decimal(line["total"]))
        for order in orders for line in order["items"]
    ]  # fmt: skip


def computed(sold: list[Line]) -> Figures:
    """The figures of these lines, by the definitions in project 2's contract."""

    def grouped(key: Callable[[Line], Any]) -> list[tuple[Any, Json]]:
        groups: dict[Any, list[Line]] = defaultdict(list)
        for line in sold:
            groups[key(line)].append(line)
        ranked = sorted(groups.items(), key=lambda group: (-sum(line.total for line in group[1]), group[0]))
        return [
            (name, {"revenue": f"{sum(line.total for line in group):.2f}", "orders": len(group),
                    "units": sum(line.quantity for line in group)})
            for name, group in ranked
        ]  # fmt: skip

    revenue = sum((line.total for line in sold), Decimal(0))
    average = (revenue / len(sold)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Figures(
        {
            "revenue": f"{revenue:.2f}", "orders": len(sold), "units": sum(line.quantity for line in sold),
            "average_order_value": f"{average:.2f}", "unique_customers": len({line.customer for line in sold}),
        },
        {by: [{"key": name, **group} for name, group in grouped(attrgetter(by))]
         for by in ("region", "category", "payment_method")},
        [
            {"product_id": name[0], "product_name": name[1], "category": name[2], **group}
            for name, group in grouped(attrgetter("product_id", "product_name", "category"))
        ],
        {day: (group["revenue"], group["orders"], group["units"]) for day, group in grouped(attrgetter("day"))},
    )  # fmt: skip


# One history, three runs ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A run: the state after it, the figures then, and those that follow from the orders in the shop."""

    state: Json
    figures: Figures
    right: Figures


@pytest.fixture(scope="module")
def history(shop: Shop, platform: Platform) -> list[Moment]:
    """A run after 104 paid orders, one after nothing, and one after a new order and a change of status.

    Besides, one order isn't paid and one was cancelled: neither may ever arrive.
    """
    # A day on each side: midnight may pass meanwhile.
    today = datetime.now(UTC).date()
    days = (today - timedelta(days=1), today + timedelta(days=1))

    def buy(customer: str) -> list[Json]:
        mine = shop.customers.index(customer)
        return [shop.paid(number, customer) for number in range(mine, ORDERS, len(shop.customers))]

    with ThreadPoolExecutor(len(shop.customers)) as pool:
        orders = dict(zip(shop.customers, pool.map(buy, shop.customers), strict=True))
    first = shop.customers[0]
    shop.order(0, first)
    shop.ask("POST", f"orders/{shop.order(1, first)['id']}/cancel", 200, first)

    def moment() -> Moment:
        state = platform.sync()
        sold = [line for customer, theirs in orders.items() for line in lines(theirs, customer)]
        return Moment(state, platform.figures(days), computed(sold))

    moments = [moment(), moment()]
    late = shop.register("late@example.org")
    orders[late] = [shop.paid(3, late)]
    shop.ask("POST", f"orders/{orders[first][0]['id']}/ship", 200, shop.admin)
    return [*moments, moment()]


def progress(moment: Moment) -> tuple[int, int]:
    return moment.state["last_run"]["pages"], moment.state["last_run"]["orders"]


def test_what_project_2_says_of_the_sales_is_what_project_1_sold(history: list[Moment]) -> None:
    first = history[0]
    assert first.figures == first.right
    assert progress(first) == (2, ORDERS)
    counts = {"records": 2 * ORDERS, "processed": 2 * ORDERS, "rejected": 0}
    assert first.state["last_run"]["counts"] == counts


def test_a_second_run_with_nothing_new_changes_nothing(history: list[Moment]) -> None:
    first, second, _ = history
    assert second.figures == first.figures
    assert progress(second)[1] == 0
    assert second.state["cursor"] == first.state["cursor"]


def test_only_a_new_order_and_a_changed_one_are_pulled_then(history: list[Moment]) -> None:
    _, second, third = history
    assert progress(third) == (1, 2)
    assert third.figures == third.right
    assert third.figures.totals["orders"] == second.figures.totals["orders"] + 2
    assert third.figures.totals["unique_customers"] == second.figures.totals["unique_customers"] + 1
