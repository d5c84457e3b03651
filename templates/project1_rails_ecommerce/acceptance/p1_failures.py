"""A provider that hangs or drips, waited for in the background: each holds a request for seconds."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
from p1_accounts import Account
from p1_answers import API, Json
from p1_shop import Shop, key

from checks.acceptance import eventually, parallel

WAYS = ("hangs", "drips")
IDLE = """
    select count(*) from pg_stat_activity where datname = current_database()
    and state like 'idle in transaction%%' and clock_timestamp() - state_change > interval '500 milliseconds'
"""


@dataclass
class Failure:
    """A payment while the provider fails in one way, and what came of the next ones."""

    account: Account
    order: Json
    key: str
    answer: Any = None
    seconds: float = 0.0
    meanwhile: dict[str, tuple[Any, float]] = field(default_factory=dict)
    idle_in_transaction: int = 0
    other_key: Any = None
    again: Any = None


def _timed(call: Any) -> tuple[Any, float]:
    start = time.monotonic()
    (result,) = parallel([call])
    return result, time.monotonic() - start


def suffer(shop: Shop, way: str, failure: Failure) -> Failure:
    """Pay, look around meanwhile, use another key, and use the same key when the provider is well again."""
    account, order = failure.account, failure.order
    shop.provider.ways[order["order_number"]] = way
    with ThreadPoolExecutor(1) as pool:
        paying = pool.submit(_timed, partial(shop.try_to_pay, account, order, failure.key))
        if way in WAYS:
            _look_around(shop, failure, paying)
        failure.answer, failure.seconds = paying.result()
    failure.other_key, _ = _timed(partial(shop.try_to_pay, account, order))
    shop.provider.ways[order["order_number"]] = "takes"
    failure.again, _ = _timed(partial(shop.try_to_pay, account, order, failure.key))
    return failure


def _look_around(shop: Shop, failure: Failure, paying: Future[Any]) -> None:
    try:
        eventually(lambda: paying.done() or shop.provider.calls(failure.order), 3, "the provider is asked", pause=0.02)
    except AssertionError:
        return  # the scenario sees that nobody has asked
    eventually(lambda: paying.done() or time.monotonic() - shop.provider.calls(failure.order)[0].at > 1, 3, "a second")
    if paying.done():
        return
    failure.idle_in_transaction = shop.app.sql(IDLE)[0][0]
    failure.meanwhile = {
        "GET products": _timed(partial(shop.client.get, f"{API}/products", params={"per_page": 1})),
        "GET orders/{id}": _timed(partial(failure.account.get, f"orders/{failure.order['id']}")),
        "POST orders/{id}/cancel": _timed(partial(failure.account.post, f"orders/{failure.order['id']}/cancel")),
    }


class Failures:
    """All that takes long, side by side, begun early."""

    def __init__(self, shop: Shop) -> None:
        product, account = shop.product(), shop.accounts.new()
        self._new = lambda: Failure(account, shop.order(account, (product, 1)), key())
        self._shop = shop
        self._pool = ThreadPoolExecutor(len(WAYS), thread_name_prefix="failures")
        self._slow = {way: self._pool.submit(suffer, shop, way, self._new()) for way in WAYS}

    def of(self, way: str) -> Failure:
        """Give what came of one way; the quick ones happen now."""
        return self._slow[way].result() if way in WAYS else suffer(self._shop, way, self._new())

    def new(self) -> Failure:
        """Give an order to be paid."""
        return self._new()

    def close(self) -> None:
        """Wait for the end."""
        self._pool.shutdown()


def status(answer: Any) -> Any:
    """Give an answer's status, or what was raised instead."""
    return answer.status_code if isinstance(answer, httpx2.Response) else repr(answer)
