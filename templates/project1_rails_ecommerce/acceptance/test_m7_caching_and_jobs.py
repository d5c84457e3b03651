"""Milestone 7: ETags, pages that cost next to nothing and are never out of date, and what the worker does."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

import httpx2
import p1_pages
import p1_worker
import pytest
from p1_accounts import Account
from p1_answers import API, Json, is_problem
from p1_mail import Mailbox
from p1_pages import VIEWS, Shown
from p1_pause import Pause
from p1_second import SecondWeb
from p1_shop import Shop, tag
from p1_worker import Restart

from checks.acceptance import blocked, eventually, expect, runtime

ABSENT_ID = 987_654_321


@pytest.fixture(scope="module")
def shown(shop: Shop, second_web: SecondWeb) -> Shown:
    """A product that is shown on several pages, and stays as it is."""
    return p1_pages.show(shop, second_web.client)


# What happens in the background, begun early --------------------------------------------------------------------------


@pytest.fixture
def restart(restarting: Future[Restart]) -> Restart:
    """How the worker ended, and what came of the mails."""
    return restarting.result()


@pytest.fixture
def restart_is_over(request: pytest.FixtureRequest) -> float:
    """Wait for it, if it is wanted at all, and give when there was a worker again: for what needs one all the time."""
    if any("restarting" in getattr(item, "fixturenames", ()) for item in request.session.items):
        restarting = request.getfixturevalue("restarting")
        wait([restarting])
        return 0.0 if restarting.exception() else restarting.result().back
    return 0.0


# ETags --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["product", "list", "categories", "other-pages", "changed"])
def test_etag(case: str, shop: Shop, shown: Shown) -> None:
    """An unchanged page answers 304.

    Pages are asked for again with their ETag, with that of another page, and after a change. A browser that is told "as
    you have it" needs no body, and must not be told so when it isn't.
    """
    path = {"list": shown.pages["search"], "categories": f"{API}/categories"}.get(case, shown.pages["product"])
    first = shop.client.get(path)
    expect(first.status_code, 200, "A page of the catalogue is answered 200.")
    etag = first.headers.get("etag", "")
    assert etag, "It has an ETag."
    ask = lambda where, tag_: shop.client.get(where, headers={"If-None-Match": tag_})  # noqa: E731
    again = ask(path, etag)
    expect((again.status_code, again.content, again.headers.get("etag")), (304, b"", etag),
           "Asked again with its ETag, it is a 304 without a body and with the same ETag.")  # fmt: skip
    expect(ask(path, '"another"').status_code, 200, "With another ETag it is a 200.")
    if case == "categories":
        made = shop.new_category()
        etag = shop.client.get(path).headers.get("etag", "")
        renamed = shop.admin.patch(f"categories/{made['id']}", {"name": f"Renamed {tag()}"})
        expect(renamed.status_code, 200, "A category is renamed.")
        answer = ask(path, etag)
        expect(answer.status_code, 200, "After a category was renamed, the old ETag is answered 200.")
        assert renamed.json()["name"] in answer.text, "The tree shows its new name."
    elif case == "other-pages":
        queries = [f"search={shown.mark}", f"search={shown.mark}&page=2", f"search={shown.mark}&per_page=1",
                   f"tags={shown.mark}&sort=price", f"tags={shown.mark}&sort=-price"]  # fmt: skip
        answers = [shop.client.get(f"{API}/products?{query}") for query in queries]
        expect([answer.status_code for answer in answers], [200] * len(queries), "Lists are answered 200.")
        for query, answer in zip(queries, answers, strict=True):
            body = answer.json()
            expect(body["page"], 2 if "page=2" in query.split("&") else 1, f"{query} is answered with its own page.")
            expect(body["per_page"], 1 if "per_page=1" in query else 20, f"{query} is answered with its own page.")
            expect(len(body["items"]), 0 if body["page"] == 2 else 1, f"{query} is answered with its own items.")
        expect(ask(f"{API}/products?{queries[1]}", answers[0].headers["etag"]).status_code, 200,
               "The ETag of one page doesn't answer another one.")  # fmt: skip
    elif case == "changed":
        mine = p1_pages.show(shop, shop.client)
        tags = mine.warm()
        expect(
            mine.vendor.patch(f"products/{mine.product['id']}", {"price": "11.11"}).status_code, 200, "It is changed."
        )
        for name, page in mine.pages.items():
            answer = ask(page, tags[name])
            expect(answer.status_code, 200, f"After a change, the old ETag of the page {name} is answered 200.")
            expect((mine.item(answer) or {}).get("price"), "11.11", f"The page {name} shows the change.")
            assert answer.headers["etag"] != tags[name], f"The page {name} has a new ETag."


# Caching ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["product", "list", "other-process", "not-modified"])
def test_cached_pages(case: str, app: Any, shop: Shop, shown: Shown, second_web: SecondWeb, limits: Any) -> None:
    """A page that was asked for before costs next to nothing.

    Statements to PostgreSQL are counted for a page that nobody has asked for before, and for the same page again, also
    at another process than the one that answered it first.
    """
    pages = [f"{API}/products/{shop.product()['id']}"] if case == "product" else _new_lists()
    with app.statements() as first:
        answer = shop.client.get(pages[0])
    expect(answer.status_code, 200, "A page of the catalogue is answered 200.")
    assert first, "A page that nobody has asked for before should need the database."
    found = []
    for number in range(5):  # the worker has something to do now and then, too
        if case == "other-process":  # another page each time: it may keep what it has answered once for itself alone
            page, asked = pages[number], second_web.client
            answer = shop.client.get(page)
        else:
            page, asked = pages[0], shop.client
        headers = {"If-None-Match": answer.headers.get("etag", "")} if case == "not-modified" else {}
        wanted = (304, b"") if case == "not-modified" else (200, answer.content)
        with app.statements() as seen:
            again = asked.get(page, headers=headers)
        expect((again.status_code, again.content), wanted, "The page is the same as before.")
        found.append(seen)
    fewest = min(found, key=len)
    assert len(fewest) <= limits.cached_statements, (
        f"A page that was asked for before should take at most {limits.cached_statements} statements, not "
        f"{len(fewest)}: {[' '.join(statement.split())[:80] for statement in fewest]}"
    )


def _new_lists() -> list[str]:
    """Give five lists that nobody has asked for before."""
    start = int(tag(), 16)
    return [f"{API}/products?per_page=100&max_price=99999.{10 + (start + n) % 80}&sort=name&search=o" for n in range(5)]


Change = Callable[[Shop, Shown], Any]


def _sells(shop: Shop, shown: Shown) -> Any:
    return shop.order(shop.accounts.new(), (shown.product, 3))


def _reviewed(shop: Shop, shown: Shown) -> Any:
    buyer = shop.accounts.new()
    shop.paid(buyer, (shown.product, 1))
    shown.warm()
    return buyer.post(f"products/{shown.product['id']}/reviews", {"rating": 4, "text": "Good."})


# What is done, and what the product looks like on every page afterwards; None: it is on none.
CHANGED: dict[str, tuple[Change, Json | None]] = {
    "price": (lambda s, p: p.vendor.patch(f"products/{p.product['id']}", {"price": "12.34"}), {"price": "12.34"}),
    "name": (lambda s, p: p.vendor.patch(f"products/{p.product['id']}", {"name": f"Renamed {p.mark}"}), {"name": "Renamed"}),
    "sale": (_sells, {"stock_quantity": 47}),
    "adjustment": (lambda s, p: p.vendor.post(f"inventory/{p.product['id']}/adjustments", {"delta": -8, "reason": "damage"}),
                   {"stock_quantity": 42}),
    "category": (lambda s, p: s.admin.patch(f"categories/{p.category['id']}", {"name": "Other"}), {"category": "Other"}),
    "vendor": (lambda s, p: p.vendor.patch("users/me", {"last_name": "Nowak"}), {"vendor": "Vanja Nowak"}),
    "review": (_reviewed, {"average_rating": "4.00", "reviews_count": 1}),
    "inactive": (lambda s, p: p.vendor.patch(f"products/{p.product['id']}", {"active": False}), None),
    "deleted": (lambda s, p: p.vendor.delete(f"products/{p.product['id']}"), None),
}  # fmt: skip


@pytest.mark.parametrize(
    "case", [*CHANGED, "cancelled", "new-product", "category-hidden", "category-moved", "while-many-read"]
)
def test_cache_expiry(case: str, shop: Shop, second_web: SecondWeb) -> None:
    """A change shows at once on every page.

    Everything that a page shows is changed, one after the other, and every page that shows it is read right after the
    answer, at two processes. A price that is out of date for a minute is a wrong price for a minute.
    """
    shown = p1_pages.show(shop, second_web.client)
    if case == "while-many-read":
        _nobody_reads_the_old_one(shown)
        return
    if case == "category-moved":
        _moved_with_its_category(shop, shown)
        return
    order = _sells(shop, shown) if case == "cancelled" else None
    buyer_warms = case == "review"
    tags = shown.warm()
    if case in CHANGED:
        change, wanted = CHANGED[case]
        done = change(shop, shown)
        if isinstance(done, httpx2.Response):
            assert done.is_success, f"The change ({case}) should be answered with success, not {done.status_code}."
    elif case == "cancelled":
        wanted = {"stock_quantity": 50}
        done = shop.admin.post(f"orders/{order['id']}/cancel")
        expect(done.status_code, 200, "The order is cancelled.")
    elif case == "new-product":
        wanted = {}
        shop.product(shown.vendor, category_id=shown.category["id"], name=f"New {shown.mark}", tags=[shown.mark])
    else:
        wanted = {}
        done = shop.admin.patch(f"categories/{shown.category['id']}", {"active": False})
        expect(done.status_code, 200, "The category is made inactive.")
    for name in shown.pages:
        for answer in shown.read(name):
            _is_up_to_date(case, shown, name, answer, wanted)
            if case in CHANGED and wanted is not None and not buyer_warms:
                assert answer.headers.get("etag") != tags[name], f"After {case}, the page {name} has a new ETag."


def _is_up_to_date(case: str, shown: Shown, name: str, answer: httpx2.Response, wanted: Json | None) -> None:
    if wanted is None and name == "product":
        is_problem(answer, 404, "The product is a 404 at once.")
        return
    expect(answer.status_code, 200, f"The page {name} is answered 200.")
    if case == "new-product" and name != "product":
        expect((answer.json()["total"], len(answer.json()["items"])), (2, 2), f"The page {name} shows the new product.")
        return
    item = shown.item(answer)
    if wanted is None or (case == "category-hidden" and name == "category"):
        expect(item, None, f"The product is gone from the page {name} at once.")
        return
    assert item is not None, f"The page {name} should show the product."
    found = {field: item[field]["name"] if field in ("category", "vendor") else item[field] for field in wanted}
    found = {field: value.split()[0] if field == "name" else value for field, value in found.items()}
    expect(found, wanted, f"The page {name} shows the change ({case}) at once.")


def _moved_with_its_category(shop: Shop, shown: Shown) -> None:
    above = shop.new_category()
    page = f"{API}/products?category={above['slug']}"

    def lists(wanted: list[int]) -> None:
        for client in shown.clients:
            found = [item["id"] for item in client.get(page).json()["items"]]
            expect(found, wanted, "A category's products are listed where it lies, at once.")

    lists([])
    for parent, wanted in ((above["id"], [shown.product["id"]]), (None, [])):
        moved = shop.admin.patch(f"categories/{shown.category['id']}", {"parent_id": parent})
        expect(moved.status_code, 200, "A category is moved.")
        lists(wanted)


def _nobody_reads_the_old_one(shown: Shown) -> None:
    shown.warm()
    changed, reads = p1_pages.read_while_changing(shown)
    expect(len(changed), p1_pages.CHANGES, "The price is changed several times.")
    assert len(reads) > 5 * p1_pages.CHANGES, "The pages should be read again and again meanwhile."
    stale = []
    for read in reads:
        known = max((version for at, version in changed if at < read.at), default=0)
        if read.version < known:
            stale.append((known, read.version))
    expect(stale[:5], [], "Nobody who asks after a change was answered reads the old price (known, read).")


@pytest.mark.usefixtures("restart_is_over")
def test_cache_down(app: Any, shop: Shop, shown: Shown, second_web: SecondWeb) -> None:
    """The catalogue answers without Redis.

    Redis is cut off: pages are right, readiness says so; it comes back, and nothing of before is shown that was changed
    meanwhile. A cache that has to be there is one more thing that takes the shop down.
    """
    mine = p1_pages.show(shop, second_web.client)
    mine.warm()
    with app.cut("redis"):
        for name in mine.pages:
            for answer in mine.read(name):
                expect(answer.status_code, 200, f"The page {name} is answered without Redis.")
                found = mine.item(answer) or {}
                expect((found.get("price"), found.get("stock_quantity")), ("10.00", 50), f"The page {name} is right.")
        expect(shop.client.get("/readyz").status_code, 503, "/readyz answers 503.")
        changed = mine.vendor.patch(f"products/{mine.product['id']}", {"price": "77.00"})
    price = "77.00" if changed.status_code == 200 else "10.00"
    eventually(lambda: shop.client.get("/readyz").status_code == 200, 5, "/readyz is 200 again", pause=0.05)
    for _ in range(2):
        for name in mine.pages:
            for answer in mine.read(name):
                expect((mine.item(answer) or {}).get("price"), price, f"The page {name} is right when Redis is back.")

    def cached() -> bool:
        with app.statements() as seen:
            shop.client.get(mine.pages["search"])
        return len(seen) <= 2

    eventually(cached, 5, "pages are cached again", pause=0.05)


def test_views(app: Any, shop: Shop, viewed: tuple[Json, float], restart_is_over: float, limits: Any) -> None:
    """Views are counted without a write in the request.

    A product is looked at twelve times, with and without an ETag, and the vendor's inventory is asked. A page that is
    read often must not write to the database each time.
    """
    product, at = viewed

    def views() -> int:
        page = shop.admin.get("inventory?per_page=100&page=1").json()
        for number in range(2, 2 + page["total"] // 100):
            page["items"] += shop.admin.get(f"inventory?per_page=100&page={number}").json()["items"]
        return next(item["views_count"] for item in page["items"] if item["product_id"] == product["id"])

    left = max(1.0, limits.views_seconds - (time.monotonic() - max(at, restart_is_over)))
    eventually(lambda: views() >= VIEWS, left, f"{VIEWS} views are counted", pause=0.3)
    expect(views(), VIEWS, "Each view is counted once, a 304 too.")
    path = f"{API}/products/{shop.product()['id']}"
    shop.client.get(path)
    writes = min(_writes_of_views(app, shop, path) for _ in range(3))  # the worker writes now and then, too
    assert writes < VIEWS, f"A view should not write to the database; {VIEWS} views made {writes} writes."


def _writes_of_views(app: Any, shop: Shop, path: str) -> int:
    with app.statements() as seen:
        for _ in range(VIEWS):
            expect(shop.client.get(path).status_code, 200, "A product is answered 200.")
    return sum(statement.lstrip()[:6].upper() in ("UPDATE", "INSERT") for statement in seen)


# Mails --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    ["received", "paid", "shipped", "low-stock", "refused", "server-hangs",
     pytest.param("server-busy", marks=pytest.mark.late)],
)  # fmt: skip
def test_mails(
    case: str,
    shop: Shop,
    mailbox: Mailbox,
    told: tuple[Account, Json, Json, float],
    turned_away: tuple[Account, httpx2.Response, float],
    pause: Pause,
    limits: Any,
) -> None:
    """Mails go out through the worker, each once.

    The grader plays the mail server. An order is placed, paid and shipped, a product runs out, a checkout is refused,
    and the mail server hangs: nobody who buys may wait for it. It turns a mail away once, which must not lose it.
    """
    if case == "server-busy":
        _comes_at_the_second_try(mailbox, turned_away, limits)
        return
    account, order, product, at = told
    left = max(1.0, limits.mail_seconds - (time.monotonic() - at))
    if case in ("received", "paid", "shipped"):
        subject = f"Order {order['order_number']} {case}"
        find = lambda: [mail for mail in list(mailbox.mails) if mail.subject == subject]  # noqa: E731
        eventually(find, left, f"the mail {subject!r} arrives", pause=0.05)
        expect([mail.to for mail in find()], [(account.email,)], "It is one mail, to the customer.")
    elif case == "low-stock":
        subject = f"Low stock: {product['sku']}"
        find = lambda: [mail for mail in list(mailbox.mails) if mail.subject == subject]  # noqa: E731
        eventually(find, left, f"the mail {subject!r} arrives", pause=0.05)
        expect([mail.to for mail in find()], [(shop.vendor.email,)], "It is one mail, to the vendor.")
        for name, number in (("steps", 1), ("parallel", 1), ("again", 2)):
            sku = pause.products[name]["sku"]
            found = eventually(lambda: mailbox.about(sku), left, f"the mail about {sku} arrives", pause=0.05)  # noqa: B023
            expect(1 <= len(found) <= number, True, f"The product that ran out ({name}) makes no mail too many.")
    elif case == "refused":
        assert pause.refused is not None, "A checkout should be refused."
        found = [mail.subject for mail in list(mailbox.mails) if pause.refused.email in mail.to]
        numbers = {one["order_number"] for one in pause.refused.get("orders?per_page=100").json()["items"]}
        odd = [subject for subject in found if not numbers & set(subject.split())]
        expect(odd, [], "A checkout that is refused sends no mail.")
        assert mailbox.mails, "Mails should go out at all."
    else:
        _checkout_does_not_wait(shop, mailbox, limits)


def _comes_at_the_second_try(
    mailbox: Mailbox, turned_away: tuple[Account, httpx2.Response, float], limits: Any
) -> None:
    account, made, at = turned_away
    expect(made.status_code, 201, "A checkout succeeds while the mail server is too busy for its mail.")
    order = made.json()
    subject = f"Order {order['order_number']} received"
    left = max(1.0, limits.mail_retried_seconds - (time.monotonic() - at))
    found = eventually(lambda: mailbox.about(order["order_number"]), left, f"the mail {subject!r} arrives", pause=0.05)
    expect(mailbox.refused, [account.email], "The mail server turned it away once.")
    expect([(mail.subject, mail.to) for mail in found], [(subject, (account.email,))],
           "It is one mail, to the customer.")  # fmt: skip


def _checkout_does_not_wait(shop: Shop, mailbox: Mailbox, limits: Any) -> None:
    customer = shop.accounts.new()
    shop.fill(customer, (shop.product(), 1))
    took: list[float] = []

    def check_out() -> httpx2.Response:
        start = time.monotonic()
        answer = shop.check_out(customer)
        took.append(time.monotonic() - start)
        return answer

    def release() -> None:
        deadline = time.monotonic() + limits.checkout_answer_seconds + 1
        with mailbox.hanging():
            started.set()
            while not took and time.monotonic() < deadline:
                time.sleep(0.02)

    started = threading.Event()
    thread = threading.Thread(target=release, daemon=True)
    thread.start()
    started.wait()
    answer = check_out()
    thread.join()
    expect(answer.status_code, 201, "A checkout succeeds while the mail server hangs.")
    assert took[0] <= limits.checkout_answer_seconds, (
        f"A checkout should be answered within {limits.checkout_answer_seconds} s while the mail server hangs; "
        f"it took {took[0]:.1f} s."
    )
    subject = f"Order {answer.json()['order_number']} received"
    eventually(lambda: [m for m in list(mailbox.mails) if m.subject == subject], limits.mail_seconds,
               "its mail arrives when the server is well again")  # fmt: skip


@pytest.mark.parametrize("case", ["stopped", "terminated", "each-once"])
def test_worker_restart(case: str, mailbox: Mailbox, pause: Pause, restart: Restart, limits: Any) -> None:
    """Mails survive a restart of the worker.

    Orders are placed while no worker runs, and a worker is ended while ten mails go out slowly. Every deployment does
    that to every job that is under way.
    """
    if case == "stopped":
        expect(len(pause.orders), 5, "Orders are placed while no worker runs.")
        wanted = {order["order_number"]: 1 for _, order in pause.orders}
        eventually(
            lambda: p1_worker.sent(mailbox, pause.orders).keys() >= wanted.keys(),
            limits.mail_recovered_seconds,
            "their mails arrive",
        )
        expect(dict(p1_worker.sent(mailbox, pause.orders)), wanted, "Each of their mails arrives once.")
        return
    numbers = {order["order_number"] for _, order in restart.orders}
    expect(len(numbers), p1_worker.MAILS, "Ten orders are placed.")
    assert restart.under_way, "Mails should be under way when the worker is ended."
    runtime.ended_well("worker", restart.stopped, limits)
    missing = sorted(numbers - p1_worker.sent(mailbox, restart.orders).keys())
    expect(missing, [], f"Every mail arrives within {limits.mail_recovered_seconds} s of the next worker's start.")
    if case == "each-once":
        found = p1_worker.sent(mailbox, restart.orders)
        twice = [number for number, times in found.items() if times > 1]
        assert max(found.values()) <= 2, "No mail should come more than twice."
        assert len(twice) <= restart.under_way, (
            f"Only mails that were under way ({restart.under_way}) may come twice; {len(twice)} did."
        )


@pytest.mark.parametrize("case", ["idle", "waiting", "success", "failure"])
def test_job_metrics(
    case: str, app: Any, shop: Shop, mailbox: Mailbox, pause: Pause, restart: Restart, limits: Any
) -> None:
    """Queue depth and job duration move in the metrics.

    The worker's metrics are read while jobs wait, when none does, and after jobs that succeed and one that fails. An
    alert on a figure that doesn't move never rings.
    """
    read = lambda: p1_worker.metrics(app.url("worker"))  # noqa: E731
    if case == "waiting":
        expect(len(restart.orders), p1_worker.MAILS, "Ten orders are placed while mails are slow.")
        assert restart.deepest > 0, "sidekiq_queue_depth should be above 0 while jobs wait."
        return
    eventually(
        lambda: p1_worker.depths(read()),
        limits.boot_seconds,
        "the worker's metrics have sidekiq_queue_depth",
        pause=0.05,
    )
    if case == "idle":
        wanted = dict.fromkeys(p1_worker.QUEUES, 0.0)
        try:
            eventually(lambda: wanted.items() <= p1_worker.depths(read()).items(), 10, "no job waits", pause=0.1)
        except AssertionError:
            found = {name: p1_worker.depths(read()).get(name) for name in wanted}
            expect(found, wanted, "When no job waits, both queues have the depth 0.")
        return
    before = p1_worker.jobs(read())
    if case == "success":
        customer = shop.accounts.new()
        numbers = [shop.order(customer, (shop.product(), 1))["order_number"] for _ in range(3)]
        eventually(lambda: all(mailbox.about(number) for number in numbers), limits.mail_seconds, "mails arrive")
    else:
        if not pause.job:
            blocked("no LowStockJob was enqueued that could be made to fail", by="acceptance.m5.low-stock-once")
        p1_worker.fail_a_job(app.redis, pause.job)
    least = 3 if case == "success" else 1

    def grown() -> dict[str, float]:
        now = p1_worker.jobs(read())
        return {job: value - before.get((job, outcome), 0) for (job, outcome), value in now.items()
                if outcome == case and value - before.get((job, outcome), 0) >= least}  # fmt: skip

    found = eventually(grown, 5, f"sidekiq_job_duration_seconds_count has grown with the outcome {case}", pause=0.05)
    assert all(found), "`job` should name the job."
    sums = p1_worker.jobs(read(), p1_worker.SUM)
    assert all(sums.get((job, case), 0) > 0 for job in found), "sidekiq_job_duration_seconds_sum should grow, too."
    if case == "failure":
        mailed = {job for (job, outcome), value in before.items() if outcome == "success" and value}
        assert mailed, "Jobs should have succeeded before."
        expect(sum(found.values()), float(least), "The job that failed is counted once.")
