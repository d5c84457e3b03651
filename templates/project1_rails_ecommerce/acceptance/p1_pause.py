"""Sidekiq's queue while no worker runs: what is enqueued for a product that runs out, and orders whose mails wait."""

import json
import re
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


def low_stock_jobs(app: Any, product: Json) -> list[Json]:
    """Give the LowStockJobs that wait for this product."""
    found = []
    for raw in app.redis.lrange(QUEUE, 0, -1):
        job = json.loads(raw)
        arguments = json.dumps(job.get("args", []))
        named = "LowStockJob" in (job.get("wrapped"), job.get("class"))
        if named and re.search(rf"(?<![0-9]){product['id']}(?![0-9])", _without_ids(arguments)):
            found.append(job)
    return found


def _without_ids(arguments: str) -> str:
    """Leave out what holds numbers of its own: ids of jobs and requests, times."""
    return re.sub(r'"(job_id|provider_job_id|enqueued_at|scheduled_at|locale|request_id)": ("[^"]*"|[^,}]*)', "", arguments)


@dataclass
class Pause:
    """How many jobs waited after each step; the products; orders and customers whose mails waited for a worker."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    products: dict[str, Json] = field(default_factory=dict)
    job: Json = field(default_factory=dict)
    orders: list[tuple[Account, Json]] = field(default_factory=list)
    refused: list[Account] = field(default_factory=list)


def happen(app: Any, shop: Shop, crowd: list[Account]) -> Pause:
    """Stop the worker, let products run out in every way, order a few, and start a worker in the background."""
    found = Pause()

    def product(name: str, stock: int) -> Json:
        made = shop.product(stock_quantity=stock, low_stock_threshold=THRESHOLD)
        found.products[name] = made
        return made

    def note(name: str, at_least: int = 0) -> None:
        """Note how many jobs wait; a job may be enqueued a moment after the answer."""
        waiting = lambda: len(low_stock_jobs(app, found.products[name])) >= at_least  # noqa: E731
        try:
            eventually(waiting, SETTLED_SECONDS, "a LowStockJob waits", pause=0.02)
        except AssertionError:
            pass  # the count says so
        found.counts.setdefault(name, []).append(len(low_stock_jobs(app, found.products[name])))

    app.terminate("worker")
    try:
        steps, many, again, refused = product("steps", 8), product("parallel", 8), product("again", 8), product("refused", 6)
        gone = shop.product(stock_quantity=0)
        for number in range(5):
            shop.order(crowd[0], (steps, 1))
            note("steps", at_least=1 if number >= 2 else 0)
        for account in crowd[:5]:
            shop.fill(account, (many, 1))
        found.answers["parallel"] = statuses(parallel([partial(shop.check_out, account) for account in crowd[:5]]))
        note("parallel", at_least=1)
        for number, delta in enumerate((-3, -1, 6, -6, -1)):  # 8, 5, 4, 10, 4, 3
            adjusted = shop.vendor.post(f"inventory/{again['id']}/adjustments", {"delta": delta, "reason": "correction"})
            found.answers.setdefault("again", []).append(adjusted.status_code)
            note("again", at_least=1 if number < 3 else 2)
        shop.fill(crowd[5], (refused, 1), (gone, 1))
        found.answers["refused"] = shop.check_out(crowd[5]).status_code
        found.refused.append(crowd[5])
        note("refused")
        shop.order(crowd[6], (refused, 1))
        note("refused", at_least=1)
        found.orders = [(account, shop.order(account, (shop.product(), 1))) for account in crowd[10 : 10 + ORDERS]]
        waiting = low_stock_jobs(app, steps)
        found.job = waiting[0] if waiting else {}
    finally:
        app.start("worker", ready=False)
    return found
