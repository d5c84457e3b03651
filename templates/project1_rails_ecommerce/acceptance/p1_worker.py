"""The worker while mails are slow: jobs that wait, SIGTERM in the middle, and a new worker that goes on."""

import json
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
from p1_accounts import Account
from p1_answers import Json
from p1_mail import Mailbox
from p1_pause import QUEUE
from p1_shop import Shop

from checks.acceptance import eventually, parallel
from checks.acceptance import metrics as prometheus

# For each answer of the mail server: less than the 5 s that the application waits for it. A mail has six of them, which
# is more than a worker has left after SIGTERM: those under way can't be finished.
SLOW_SECONDS = 2.0
MAILS = 10
DEPTH = "sidekiq_queue_depth"
COUNT = "sidekiq_job_duration_seconds_count"
SUM = "sidekiq_job_duration_seconds_sum"
QUEUES = ("default", "mailers")


def metrics(url: str) -> str:
    """Give a process's metrics; nothing while it doesn't answer."""
    try:
        return httpx2.get(f"{url}/metrics", timeout=5, trust_env=False, verify=False).text
    except httpx2.TransportError:
        return ""


def depths(text: str) -> dict[str, float]:
    """Give the depth of each queue."""
    return {labels.get("queue", ""): value for labels, value in prometheus.samples(text, DEPTH)}


def jobs(text: str, name: str = COUNT) -> dict[tuple[str, str], float]:
    """Give count (or sum) of the jobs' durations by job and outcome."""
    return {(have.get("job", ""), have.get("outcome", "")): value for have, value in prometheus.samples(text, name)}


@dataclass
class Restart:
    """Orders whose mails were slow, how the worker ended, and the greatest depth that its metrics showed."""

    orders: list[tuple[Account, Json]] = field(default_factory=list)
    under_way: int = 0
    stopped: Any = None
    deepest: float = 0.0
    back: float = 0.0  # when the next worker was ready
    arrived: bool = False


def interrupt(app: Any, shop: Shop, mailbox: Mailbox, limits: Any) -> Restart:
    """Let ten mails go out slowly, look at the metrics, end the worker with SIGTERM, and start another one."""
    found = Restart()
    product = shop.product(stock_quantity=1_000)
    accounts = shop.accounts.several(MAILS)
    for account in accounts:
        shop.fill(account, (product, 1))
    eventually(lambda: metrics(app.url("worker")), limits.boot_seconds, "the worker is up", pause=0.1)
    try:  # what waited for the worker goes first
        eventually(lambda: _idle(app, mailbox), limits.mail_seconds, "no mail waits", pause=0.1)
    except AssertionError:
        pass
    watch = _Watch(app.url("worker"))
    app.in_hand.add("worker")
    try:
        with mailbox.slow(SLOW_SECONDS):
            # At once, so that more mails wait than a worker sends at a time.
            answers: list[Any] = parallel([partial(shop.check_out, account) for account in accounts])
            found.orders = [
                (account, answer.json())
                for account, answer in zip(accounts, answers, strict=True)
                if isinstance(answer, httpx2.Response) and answer.status_code == 201
            ]
            try:
                eventually(
                    lambda: mailbox.under_way and watch.deepest, limits.mail_seconds, "mails are under way", pause=0.02
                )
            except AssertionError:
                pass  # the scenarios see that there were none
            found.under_way = mailbox.under_way
            found.deepest = watch.stop()
            found.stopped = app.terminate("worker")
        app.start("worker")
        found.back = time.monotonic()
    finally:
        app.in_hand.discard("worker")
    left = limits.mail_recovered_seconds
    numbers = {order["order_number"] for _, order in found.orders}
    try:
        eventually(lambda: numbers <= set(sent(mailbox, found.orders)), left, "every mail arrives", pause=0.05)
        found.arrived = True
    except AssertionError:
        found.arrived = False
    return found


def _idle(app: Any, mailbox: Mailbox) -> bool:
    waiting = depths(metrics(app.url("worker")))
    return bool(waiting) and not any(waiting.values()) and not mailbox.under_way


def sent(mailbox: Mailbox, orders: list[tuple[Account, Json]], kind: str = "received") -> Counter[str]:
    """Give how often the mail of each order came, to the right address, by order number."""
    wanted = {
        (f"Order {order['order_number']} {kind}", account.email): order["order_number"] for account, order in orders
    }
    found = Counter(wanted.get((mail.subject, ",".join(mail.to)), "") for mail in list(mailbox.mails))
    del found[""]
    return found


def fail_a_job(redis: Any, job: Json) -> None:
    """Enqueue a job that can't work: one that was enqueued before, without its arguments, never to be tried again."""
    broken = json.loads(json.dumps(job))
    for argument in broken.get("args", []):
        if isinstance(argument, dict) and "arguments" in argument:
            argument["arguments"] = []
    if broken.get("class") == "LowStockJob":  # a job of Sidekiq's own kind
        broken["args"] = []
    broken |= {"jid": secrets.token_hex(12), "retry": False}
    redis.lpush(QUEUE, json.dumps(broken))


class _Watch:
    """Reads the depth of the queues from a worker's metrics, again and again."""

    def __init__(self, url: str) -> None:
        self.deepest = 0.0
        self._url, self._over = url, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.deepest = max(self.deepest, *depths(metrics(self._url)).values(), 0.0)

    def stop(self) -> float:
        """Look no more, and give the greatest depth."""
        self._over.set()
        self._thread.join()
        return self.deepest
