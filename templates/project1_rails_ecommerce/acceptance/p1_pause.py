"""Sidekiq's queue while no worker runs: what is enqueued for a product that runs out, and orders whose mails wait."""

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from p1_accounts import Account
from p1_answers import Json, statuses
from p1_shop import Shop

from checks.acceptance import eventually, parallel

QUEUE = "queue:default"  # Sidekiq's list of the queue `default`
THRESHOLD = 5
ORDERS = 5
SETTLED_SECONDS = 3  # for a job that is enqueued a moment after the answer


def low_stock_jobs(redis: Any) -> list[Json]:
    """Give the LowStockJobs that wait."""
    jobs = [json.loads(raw) for raw in redis.lrange(QUEUE, 0, -1)]
    return [job for job in jobs if "LowStockJob" in (job.get("wrapped"), job.get("class"))]


@dataclass
class Pause:
    """How many jobs waited after each step; the products; orders and customers whose mails waited for a worker."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    products: dict[str, Json] = field(default_factory=dict)
    job: Json = field(default_factory=dict)
    orders: list[tuple[Account, Json]] = field(default_factory=list)
    refused: Account | None = None


def happen(app: Any, shop: Shop, crowd: list[Account]) -> Pause:
    """Wait until the worker is gone, let products run out in every way, order a few, and start a worker in the background."""
    found, redis = Pause(), app.redis

    def product(name: str, stock: int) -> Json:
        made = shop.product(stock_quantity=stock, low_stock_threshold=THRESHOLD)
        found.products[name] = made
        return made

    def note(name: str, at_least: int = 0) -> None:
        """Note how many jobs have come since the product was made; one may come a moment after the answer."""
        try:
            eventually(
                lambda: len(low_stock_jobs(redis)) - before >= at_least, SETTLED_SECONDS, "a LowStockJob", pause=0.02
            )
        except AssertionError:
            pass  # the count says so
        found.counts.setdefault(name, []).append(len(low_stock_jobs(redis)) - before)

    app.terminate("worker")
    try:
        before, steps = len(low_stock_jobs(redis)), product("steps", 8)
        for number in range(5):
            shop.order(crowd[0], (steps, 1))
            note("steps", at_least=1 if number >= 2 else 0)
        found.job = (low_stock_jobs(redis) or [{}])[0]
        before, many = len(low_stock_jobs(redis)), product("parallel", 8)
        for account in crowd[:5]:
            shop.fill(account, (many, 1))
        found.answers["parallel"] = statuses(parallel([partial(shop.check_out, account) for account in crowd[:5]]))
        note("parallel", at_least=1)
        before, again = len(low_stock_jobs(redis)), product("again", 8)
        for number, delta in enumerate((-3, -1, 6, -6, -1)):  # 8, 5, 4, 10, 4, 3
            adjusted = shop.vendor.post(
                f"inventory/{again['id']}/adjustments", {"delta": delta, "reason": "correction"}
            )
            found.answers.setdefault("again", []).append(adjusted.status_code)
            note("again", at_least=1 if number < 3 else 2)
        gone = shop.product(stock_quantity=0)
        before, refused = len(low_stock_jobs(redis)), product("refused", 6)
        found.refused = crowd[5]
        shop.fill(crowd[5], (refused, 1), (gone, 1))
        found.answers["refused"] = shop.check_out(crowd[5]).status_code
        note("refused")
        shop.clear(crowd[5])
        shop.order(crowd[6], (refused, 1))
        note("refused", at_least=1)
        found.orders = [(account, shop.order(account, (shop.product(), 1))) for account in crowd[10 : 10 + ORDERS]]
    finally:
        app.start("worker", ready=False)
        app.in_hand.discard("worker")
    return found
