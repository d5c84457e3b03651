"""What every scenario of the shop builds on: the provider and the mail server that the grader plays, and the shop."""

import secrets
from collections.abc import Iterator
from typing import Any

import httpx2
import p1_carts
import p1_pause
import p1_worker
import pytest
from p1_accounts import FRESH, Account, Accounts
from p1_boots import Boots
from p1_carts import Ordered
from p1_mail import Mailbox
from p1_pause import Pause
from p1_provider import Provider, Signer
from p1_second import SecondWeb
from p1_shop import Shop

PROCESSES = ("web", "worker")
SECRET_CHARACTERS = 32  # the fewest that are allowed: a configuration at the edge must work


@pytest.fixture(autouse=True)
def processes_run(request: pytest.FixtureRequest) -> None:
    """Start what a scenario before left stopped. A deployment, where only safe scenarios run, is left alone."""
    if request.node.get_closest_marker("safe"):
        return
    app = request.getfixturevalue("app")
    for name in PROCESSES:
        if name not in p1_worker.IN_HAND and not app.running(name):
            app.start(name)


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
def pause(app: Any, shop: Shop, crowd: list[Account]) -> Pause:
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
def boots(app: Any, launch: Any, limits: Any) -> Iterator[Boots]:
    """Boots that must be refused, and a second release: in the background."""
    boots = Boots(app, launch, limits)
    yield boots
    boots.close()


@pytest.fixture(scope="session", autouse=True)
def begun_at_once(request: pytest.FixtureRequest) -> None:
    """Begin with what starts processes, if it is wanted at all, as soon as the application is ready."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    for name in ("second_web", "boots"):
        if name in wanted:
            request.getfixturevalue(name)


@pytest.fixture
def other_web(second_web: SecondWeb) -> httpx2.Client:
    """A client of the second web process."""
    return second_web.client
