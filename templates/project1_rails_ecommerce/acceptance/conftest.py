"""What every scenario of the shop builds on: the provider and the mail server that the grader plays, and the shop."""

import secrets
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
import p1_carts
import p1_export
import p1_pause
import p1_worker
import pytest
from p1_accounts import FRESH, Account, Accounts
from p1_answers import API, Json, is_problem
from p1_boots import Boots
from p1_carts import Ordered
from p1_export import Export, Race
from p1_failures import Failures
from p1_fuzz import Fuzz
from p1_mail import Mailbox
from p1_pages import VIEWS
from p1_pause import Pause
from p1_provider import Provider, Signer
from p1_second import SecondWeb
from p1_shop import Shop
from p1_worker import Restart

from checks.acceptance import blocked, parallel, scenarios

ABSENT_ID = 987_654_321
SECRET_CHARACTERS = 32  # the fewest that are allowed: a configuration at the edge must work


# What the application is told of the world ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def provider(peer: Any) -> Provider:
    """The payment provider; the grader plays it."""
    return Provider(peer)


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """The mail server; the grader plays it."""
    mailbox = Mailbox()
    yield mailbox
    mailbox.close()


@pytest.fixture(scope="session")
def app_env(provider: Provider, mailbox: Mailbox) -> dict[str, str]:
    """Where provider and mail server are, and secrets that are as short as they may be."""
    names = ("SECRET_KEY", "WEBHOOK_SECRET", "SERVICE_TOKEN")
    return {
        **{name: secrets.token_hex(SECRET_CHARACTERS // 2) for name in names},
        "PAYMENT_PROVIDER_URL": provider.url,
        "SMTP_URL": mailbox.url,
        "MAIL_FROM": "shop@example.org",
    }


# Who comes in -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def web(app: Any, client: Any) -> httpx2.Client:
    """A client of the web process without a token."""
    found: httpx2.Client = client(app.url("web"), limits=FRESH)
    return found


@pytest.fixture(scope="session")
def shop(app: Any, web: httpx2.Client, provider: Provider) -> Shop:
    """Everybody in the shop, and what they do there."""
    return Shop(app, web, Accounts(app, web), provider, Signer(app.env["WEBHOOK_SECRET"], web))


@pytest.fixture(scope="session")
def ordered_carts(shop: Shop, second_web: SecondWeb) -> list[Ordered]:
    """An order of each cart with awkward prices."""
    return p1_carts.check_out(shop, second_web.client)


@pytest.fixture(scope="session")
def crowd(shop: Shop) -> list[Account]:
    """Thirty customers, for what happens at the same moment."""
    return shop.accounts.several(30)


@pytest.fixture(scope="session")
def worker_leaves(app: Any, shop: Shop, crowd: list[Account]) -> None:
    """The worker is told to stop: an idle one looks up from its queue every two seconds only.

    Not before there is all that `pause` takes, which starts another one.
    """
    app.in_hand.add("worker")
    app["worker"].tell()


@pytest.fixture(scope="session")
def pause(app: Any, shop: Shop, crowd: list[Account], worker_leaves: None) -> Pause:
    """What was ordered and enqueued while there was no worker; a new one has been started since."""
    return p1_pause.happen(app, shop, crowd)


# The second web process ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def second_web(app: Any, client: Any) -> Iterator[SecondWeb]:
    """One more web process, started in the background: what only one process knows, the other one doesn't."""
    second = SecondWeb(app, client)
    yield second
    second.close()


@pytest.fixture(scope="session")
def boots(app: Any, web: httpx2.Client, launch: Any, limits: Any) -> Iterator[Boots]:
    """Boots that must be refused, and a second release: in the background."""
    boots = Boots(app, Accounts(app, web), launch, limits)
    yield boots
    boots.close()


@pytest.fixture
def other_web(second_web: SecondWeb) -> httpx2.Client:
    """A client of the second web process."""
    return second_web.client


# What takes long ----------------------------------------------------------------------------------------------------

# It is begun in the background, from the first milestone on in which it disturbs nobody.
EARLY = {
    "second_web": 1,
    "boots": 2,
    "fuzzed": 3,
    "worker_leaves": 5,
    "being_paid": 5,
    "paid_race": 6,
    "failures": 6,
    "pause": 6,
    "viewed": 6,
    "told": 6,
    "turned_away": 6,
    "restarting": 6,
}


@pytest.fixture(scope="module", autouse=True)
def begun_early(request: pytest.FixtureRequest) -> None:
    """Begin with what is wanted; who needs it waits for it, and is told why it can't be had."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    milestone, _ = scenarios.place(request.path)
    for name, first in EARLY.items():
        if name in wanted and milestone >= first:
            parallel([partial(request.getfixturevalue, name)])


@pytest.fixture(scope="session")
def fuzzed(app: Any, boot: Any, fuzz: Any, peer: Any) -> Iterator[Fuzz]:
    """Requests made from the contract, of another application; it begins with a copy of what `app` has released."""
    fuzzed = Fuzz(boot, fuzz, Provider(peer).url)
    yield fuzzed
    fuzzed.close()


@pytest.fixture(scope="session")
def failures(shop: Shop, second_web: SecondWeb) -> Iterator[Failures]:
    """Payments with a provider that hangs or drips, and a process without one: begun early, each takes seconds."""
    second_web.prepare_spare({"PAYMENT_PROVIDER_URL": ""})
    failures = Failures(shop)
    yield failures
    failures.close()


@pytest.fixture(scope="session")
def being_paid(shop: Shop, ordered_carts: list[Ordered], second_web: SecondWeb) -> Iterator[Future[p1_export.Payments]]:
    """Many orders that are being paid: in the background, because there are more than a hundred."""
    with ThreadPoolExecutor(1, thread_name_prefix="payments") as pool:
        yield pool.submit(p1_export.prepare, shop, ordered_carts, second_web.client)


@pytest.fixture(scope="session")
def export(app: Any, web: httpx2.Client) -> Export:
    """The other service, which reads the export."""
    return p1_export.reader(app, web)


@pytest.fixture(scope="session")
def paid_race(
    app: Any, shop: Shop, export: Export, being_paid: Future[p1_export.Payments], second_web: SecondWeb
) -> Race:
    """Many orders that were paid while somebody read the export.

    Before mails go out slowly: jobs with open transactions would hold up who wants to change a table.
    """
    return p1_export.race(app, shop, export, being_paid.result(), second_web.client)


@pytest.fixture(scope="session")
def viewed(shop: Shop) -> tuple[Json, float]:
    """A product that was looked at twelve times, some of them with an ETag, and when that was."""
    product = shop.product()
    path, etag = f"{API}/products/{product['id']}", None
    for _ in range(VIEWS):
        answer = shop.client.get(path, headers={"If-None-Match": etag} if etag else {})
        assert answer.status_code in (200, 304), "A product is answered 200 or 304."
        etag = answer.headers.get("etag")
    is_problem(shop.client.get(f"{API}/products/{ABSENT_ID}"), 404, "An unknown product is a 404.")
    return product, time.monotonic()


@pytest.fixture(scope="session")
def told(shop: Shop) -> tuple[Account, Json, Json, float]:
    """An order that was placed, paid and shipped, a product that ran out by it, and when that was."""
    account = shop.accounts.new()
    product = shop.product(stock_quantity=6, low_stock_threshold=5)
    order = shop.paid(account, (product, 1))
    shipped = shop.admin.post(f"orders/{order['id']}/ship")
    if shipped.status_code != 200:
        blocked(f"no order can be shipped: the answer is {shipped.status_code}", by="acceptance.m4.status-changes")
    return account, order, product, time.monotonic()


@pytest.fixture(scope="session")
def turned_away(shop: Shop, mailbox: Mailbox) -> tuple[Account, httpx2.Response, float]:
    """A checkout whose mail the mail server is too busy for at the first try, and when that was."""
    account = shop.accounts.new()
    shop.fill(account, (shop.product(), 1))
    mailbox.refuse_once(account.email)
    return account, shop.check_out(account), time.monotonic()


@pytest.fixture(scope="session")
def restarting(app: Any, shop: Shop, mailbox: Mailbox, limits: Any) -> Iterator[Future[Restart]]:
    """The worker, ended while mails go out slowly, and the next one: in the background."""
    with ThreadPoolExecutor(1, thread_name_prefix="restart") as pool:
        yield pool.submit(p1_worker.interrupt, app, shop, mailbox, limits)
