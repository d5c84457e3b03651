"""Milestone 6: charges that happen once, a provider that fails, webhooks, the export, and reviews."""

import json
import time
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

import httpx2
import p1_export
import p1_failures
import pytest
from p1_accounts import Account
from p1_answers import API, Json, is_problem, names, statuses
from p1_export import Export, Race
from p1_failures import Failures, status
from p1_provider import event
from p1_second import SecondWeb
from p1_shop import Shop, key, tag

from checks.acceptance import eventually, expect, moments, parallel

ABSENT_ID = 987_654_321


@pytest.fixture(scope="module")
def buyer(shop: Shop) -> Account:
    """Who pays in most scenarios."""
    return shop.accounts.new("customer", "Bea", "Buyer")


@pytest.fixture(scope="module")
def order(shop: Shop, buyer: Account) -> Callable[[], Json]:
    """Make a pending order of the buyer: 100.00 and what comes on top."""
    product = shop.product(price="100.00", stock_quantity=10_000)
    return lambda: shop.order(buyer, (product, 1))


def is_taken(shop: Shop, order: Json, answer: httpx2.Response) -> Json:
    """Hold an answer to be a payment that the provider has taken, and give it."""
    expect(answer.status_code, 201, "A payment is answered 201.")
    payment: Json = answer.json()
    charges = shop.provider.charges(order)
    expect(len(charges), 1, "The provider is charged once.")
    wanted = {"id": payment["id"], "order_id": order["id"], "amount": order["total"], "currency": "EUR",
              "method": "card", "provider_reference": charges[0].id, "status": "pending",
              "created_at": payment["created_at"]}  # fmt: skip
    expect(payment, wanted, "The payment says what was charged.")
    return payment


# Once ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["charge", "again", "moved-on", "keys", "other-request", "other-user"])
def test_charged_once(case: str, shop: Shop, buyer: Account, order: Callable[[], Json]) -> None:
    """One idempotency key charges once.

    The grader plays the provider and counts charges while a payment is repeated, changed, and repeated when it has
    moved on. A second click that charges a second time is money that is paid back by hand.
    """
    one, used = order(), key()
    first = shop.try_to_pay(buyer, one, used)
    payment = is_taken(shop, one, first)
    if case == "charge":
        (call,) = shop.provider.calls(one)
        wanted = {"amount": one["total"], "currency": "EUR", "order_number": one["order_number"], "method": "card"}
        expect(json.loads(call.body), wanted, "The provider gets the contract's body.")
        assert call.headers.get("content-type", "").startswith("application/json"), "It is application/json."
        expect(call.headers.get("x-request-id"), first.headers["x-request-id"], "The request's id is passed on.")
        assert call.headers["idempotency-key"] != used, "The provider should get a key of the payment's own."
    elif case in ("again", "moved-on"):
        if case == "moved-on":
            shop.settle(payment)
            expect(shop.read(buyer, one)["status"], "paid", "The webhook makes the order paid.")
        for _ in range(2):
            again = shop.try_to_pay(buyer, one, used)
            expect((again.status_code, again.content, again.headers.get("idempotent-replayed")),
                   (201, first.content, "true"), "The same request again gets the first answer, word for word.")  # fmt: skip
        expect(len(shop.provider.calls(one)), 1, "The provider isn't asked again.")
    elif case == "keys":
        other = order()
        body = {"amount": other["total"], "method": "card"}
        for wrong in ({}, {"Idempotency-Key": "k" * 256}, {"Idempotency-Key": "two words"}):
            answer = buyer.post(f"orders/{other['id']}/payments", body, headers=wrong)
            is_problem(answer, 400, f"The key {list(wrong.values())[:1]} is a 400.")
        expect(shop.provider.calls(other), [], "Nothing is charged.")
        expect(shop.try_to_pay(buyer, other, "k" * 200 + key()).status_code, 201, "A long key is fine.")
    elif case == "other-request":
        for target, change in ((one, {"amount": "1.00"}), (one, {"method": "wallet"}), (order(), {})):
            answer = shop.try_to_pay(buyer, target, used, **change)
            names(answer, 422, ["Idempotency-Key"], "The key with another body or order is a 422.")
        expect(len(shop.provider.calls(one)), 1, "Nothing more is charged.")
    else:
        someone = shop.accounts.new()
        theirs = shop.order(someone, (shop.product(price="7.77"), 1))
        is_taken(shop, theirs, shop.try_to_pay(someone, theirs, used))
        expect(len(shop.provider.charges(one)), 1, "Another user's same key is another key.")


@pytest.mark.parametrize("case", ["one-key", "two-keys", "cancelled-meanwhile"])
def test_charged_once_in_parallel(
    case: str, app: Any, shop: Shop, buyer: Account, order: Callable[[], Json], other_web: httpx2.Client
) -> None:
    """One idempotency key charges once in parallel, too.

    The same payment ten times at the same moment, at two processes, with a provider that takes its time; then two keys
    for one order; then orders that are paid and cancelled at once.
    """
    if case == "cancelled-meanwhile":
        _paid_or_cancelled(app, shop, buyer, [order() for _ in range(3)], other_web)
        return
    both, one, used = (buyer, buyer.on(other_web)), order(), key()
    shop.provider.ways[one["order_number"]] = "slow"
    if case == "one-key":
        answers = parallel([partial(shop.try_to_pay, both[n % 2], one, used) for n in range(10)])
        found = statuses(answers)
        assert found.get(201, 0) >= 1, f"One of ten should be answered 201: {found}."
        assert found.keys() <= {201, 409}, f"Each of ten should be a 201 or a 409: {found}."
        payments = [answer.json() for answer in answers if answer.status_code == 201]
        payment = is_taken(shop, one, shop.try_to_pay(buyer, one, used))
        expect(payments, [payment] * len(payments), "All get the same payment; afterwards the key gives it, too.")
        for answer in (answer for answer in answers if answer.status_code == 409):
            assert 1 <= int(answer.headers.get("retry-after", "0")) <= 60, "A 409 for a key says when to try again."
    else:
        answers = parallel([partial(shop.try_to_pay, both[n], one) for n in range(2)])
        expect(statuses(answers), {201: 1, 409: 1}, "Of two keys at once for one order, one is charged.")
        is_taken(shop, one, next(answer for answer in answers if answer.status_code == 201))
        is_problem(shop.try_to_pay(buyer, one), 409, "A third one afterwards is a 409.")
    expect(len({call.headers["idempotency-key"] for call in shop.provider.calls(one)}), 1, "The provider sees one key.")


def _paid_or_cancelled(app: Any, shop: Shop, buyer: Account, orders: list[Json], other_web: httpx2.Client) -> None:
    """Pay each order at one process and cancel it at the other, a moment later each time: one of the two succeeds."""

    def cancel(order: Json, after: float) -> httpx2.Response:
        time.sleep(after)
        return buyer.on(other_web).post(f"orders/{order['id']}/cancel")

    with moments.slow_inserts(app, "payments"):
        answers = parallel([
            *(partial(shop.try_to_pay, buyer, order) for order in orders),
            *(partial(cancel, order, 0.1 * number) for number, order in enumerate(orders)),
        ])  # fmt: skip
    paid, cancelled = answers[: len(orders)], answers[len(orders) :]
    for order, pay, take_back in zip(orders, paid, cancelled, strict=True):
        found = status(pay), status(take_back)
        assert found in ((201, 409), (409, 200)), f"To pay and to cancel at once is one or the other, not {found}."
        charged, ended = (1, "pending") if found == (201, 409) else (0, "cancelled")
        expect((len(shop.provider.charges(order)), shop.read(buyer, order)["status"]), (charged, ended),
               "An order that was cancelled is not charged, one that was charged is not cancelled.")  # fmt: skip


@pytest.mark.parametrize("case", ["more", "less", "number", "foreign", "admin", "paid", "cancelled", "unknown"])
def test_amount(case: str, shop: Shop, buyer: Account, order: Callable[[], Json]) -> None:
    """The amount must equal the order's total.

    A cent more, a cent less, and orders that can't be paid. Whoever sends the amount chooses the price, otherwise.
    """
    one, used = order(), key()
    if case in ("more", "less", "number"):
        cent = {"more": Decimal("0.01"), "less": Decimal("-0.01")}
        amount: Any = float(one["total"]) if case == "number" else str(Decimal(one["total"]) + cent[case])
        names(shop.try_to_pay(buyer, one, used, amount=amount), 422, ["amount"], f"The amount {amount!r} is a 422.")
        expect(shop.provider.calls(one), [], "Nothing is charged.")
        is_taken(shop, one, shop.try_to_pay(buyer, one, used))
        return
    if case == "unknown":
        is_problem(shop.try_to_pay(buyer, {**one, "id": ABSENT_ID}), 404, "An unknown order is a 404.")
        is_taken(shop, one, shop.try_to_pay(buyer, one, used))
        return
    if case in ("foreign", "admin"):
        who, wanted = (shop.stranger, 404) if case == "foreign" else (shop.admin, 403)
        is_problem(shop.try_to_pay(who, one, used), wanted, f"To pay somebody else's order is a {wanted}.")
        expect(shop.provider.calls(one), [], "Nothing is charged.")
        is_taken(shop, one, shop.try_to_pay(buyer, one, used))
        return
    if case == "paid":
        shop.pay(buyer, one)
    else:
        expect(buyer.post(f"orders/{one['id']}/cancel").status_code, 200, "The order is cancelled.")
    charged = len(shop.provider.calls(one))
    is_problem(shop.try_to_pay(buyer, one), 409, f"To pay an order that is {case} is a 409.")
    expect(len(shop.provider.calls(one)), charged, "Nothing is charged.")
    is_taken(shop, fresh := order(), shop.try_to_pay(buyer, fresh))


# A provider that fails ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["breaks", "hangs up", "declines", "hangs", "drips", "gone", "killed", "not-set"])
def test_provider_failures(
    case: str, shop: Shop, buyer: Account, failures: Failures, second_web: SecondWeb, limits: Any
) -> None:
    """A provider that hangs or fails leaves nothing in doubt.

    It answers 500, hangs up, hangs, drips a byte a second, isn't there; and the web process is killed while it waits.
    Whether the card was charged isn't known then, so the same key has to ask again, with the provider's same key.
    """
    if case == "declines":
        _declined(shop, failures)
        return
    if case == "killed":
        failure = _killed(shop, failures, second_web)
    elif case == "gone":
        shop.provider.peer.stop()
        try:
            failure = failures.new()
            failure.answer = shop.try_to_pay(failure.account, failure.order, failure.key)
        finally:
            shop.provider.peer.start()
        failure.other_key = shop.try_to_pay(failure.account, failure.order)
        failure.again = shop.try_to_pay(failure.account, failure.order, failure.key)
    elif case == "not-set":
        failure = failures.new()
        account = failure.account.on(second_web.client)  # without PAYMENT_PROVIDER_URL
        failure.answer = shop.try_to_pay(account, failure.order, failure.key)
        failure.again = shop.try_to_pay(failure.account, failure.order, failure.key)
    else:
        failure = failures.of(case)
    if failure.answer is not None:
        _unknown(case, failure, limits)
    if failure.other_key is not None:
        expect(status(failure.other_key), 409, "While nothing is known about the charge, another key is a 409.")
    _nothing_waited(shop, case, failure)
    assert isinstance(failure.again, httpx2.Response), f"The same key should be answered: {failure.again!r}"
    is_taken(shop, failure.order, failure.again)
    keys = {call.headers["idempotency-key"] for call in shop.provider.calls(failure.order)}
    expect(len(keys), 1, "The provider sees one and the same key.")


def _unknown(case: str, failure: p1_failures.Failure, limits: Any) -> None:
    expect(status(failure.answer), 503, f"A payment whose provider {case} is a 503.")
    is_problem(failure.answer, 503, f"A payment whose provider {case} is a 503.")
    assert 1 <= int(failure.answer.headers.get("retry-after", "0")) <= 60, "The 503 says when to try again."
    assert failure.seconds <= limits.payment_answer_seconds, (
        f"It should be answered within {limits.payment_answer_seconds} s; it took {failure.seconds:.1f} s."
    )


def _nothing_waited(shop: Shop, case: str, failure: p1_failures.Failure) -> None:
    """Hold what was asked meanwhile to have been answered, and no transaction to have been open."""
    if case not in p1_failures.WAYS:
        return
    assert len(shop.provider.calls(failure.order)) == 2, "The provider should be asked once for each request."
    expect({name: status(answer) for name, (answer, _) in failure.meanwhile.items()},
           {"GET products": 200, "GET orders/{id}": 200, "POST orders/{id}/cancel": 409},
           "Other requests are answered meanwhile; an order with a payment under way can't be cancelled.")  # fmt: skip
    slow = {name: round(seconds, 1) for name, (_, seconds) in failure.meanwhile.items() if seconds > 2.5}
    expect(slow, {}, "No other request waits for the provider.")
    expect(failure.idle_in_transaction, 0, "No transaction is open while the provider takes its time.")


def _declined(shop: Shop, failures: Failures) -> None:
    failure = failures.new()
    account, order = failure.account, failure.order
    shop.provider.ways[order["order_number"]] = "declines"
    answer = shop.try_to_pay(account, order, failure.key)
    expect(
        (answer.status_code, answer.json().get("status")),
        (201, "failed"),
        "A charge that is declined is a failed payment.",
    )
    again = shop.try_to_pay(account, order, failure.key)
    expect((again.status_code, again.content), (201, answer.content), "The same key gets the same answer.")
    expect(len(shop.provider.charges(order)), 1, "The provider is charged once for the key.")
    shop.provider.ways[order["order_number"]] = "takes"
    anew = shop.try_to_pay(account, order)
    expect((anew.status_code, anew.json().get("status")), (201, "pending"), "A new key makes a new charge.")
    expect(len(shop.provider.charges(order)), 2, "The provider is charged once for each key.")


def _killed(shop: Shop, failures: Failures, second_web: SecondWeb) -> p1_failures.Failure:
    """Kill a web process while the provider hangs; the same key then comes to the other one."""
    failure = failures.new()
    account, order = failure.account.on(second_web.client), failure.order
    shop.provider.ways[order["order_number"]] = "hangs"

    def kill() -> bool:
        eventually(lambda: shop.provider.calls(order), 5, "the provider is asked", pause=0.02)
        second_web.kill()
        return True

    answer, killed = parallel([partial(shop.try_to_pay, account, order, failure.key), kill])
    assert killed is True, f"The provider should be asked: {killed!r}"
    assert not isinstance(answer, httpx2.Response), "The process is killed before it can answer."
    shop.provider.ways[order["order_number"]] = "takes"
    failure.other_key = shop.try_to_pay(failure.account, order)
    failure.again = eventually(
        lambda: one if (one := shop.try_to_pay(failure.account, order, failure.key)).status_code != 409 else None,
        3, "the same key is answered by another process, once the killed one is gone", pause=0.1,
    )  # fmt: skip
    second_web.take_spare()
    return failure


# Webhooks -----------------------------------------------------------------------------------------------------------

Forge = Callable[[Shop, bytes], tuple[bytes, dict[str, str]]]


def _changed(name: str, change: Callable[[str], str]) -> Forge:
    def forge(shop: Shop, body: bytes) -> tuple[bytes, dict[str, str]]:
        headers = shop.signer.headers(body)
        return body, {**headers, name: change(headers[name])}

    return forge


def _without(name: str) -> Forge:
    return lambda shop, body: (body, {n: v for n, v in shop.signer.headers(body).items() if n != name})


def _aged(seconds: int) -> Forge:
    return lambda shop, body: (body, shop.signer.headers(body, int(time.time()) - seconds))


SIGNATURE, TIMESTAMP = "X-Webhook-Signature", "X-Webhook-Timestamp"
FORGED: dict[str, Forge] = {
    "no-signature": _without(SIGNATURE),
    "no-timestamp": _without(TIMESTAMP),
    "other-secret": lambda shop, body: (body, shop.signer.headers(body, secret="whsec_example")),
    "signature-of-the-body-alone": lambda shop, body: (body, {**shop.signer.headers(body), TIMESTAMP: ""}),
    "body-changed": lambda shop, body: (body.replace(b"succeeded", b"succeedee"), shop.signer.headers(body)),
    "body-reformatted": lambda shop, body: (body.replace(b": ", b":"), shop.signer.headers(body)),
    "timestamp-changed": _changed(TIMESTAMP, lambda text: str(int(text) + 1)),
    "upper-case": _changed(SIGNATURE, lambda text: "v1=" + text[3:].upper()),
    "no-version": _changed(SIGNATURE, lambda text: text[3:]),
    "another-version": _changed(SIGNATURE, lambda text: "v2=" + text[3:]),
    "one-digit-changed": _changed(SIGNATURE, lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")),
    "too-old": _aged(301),
    "too-new": _aged(-304),  # it is a moment younger when it is judged
}


@pytest.fixture(scope="module")
def genuine(shop: Shop, buyer: Account, order: Callable[[], Json]) -> httpx2.Response:
    """The answer to a genuine webhook: beside it stands each forged one."""
    one = order()
    payment = shop.payment(buyer, one)
    return shop.signer.deliver(event(payment["provider_reference"], one["total"]))


@pytest.fixture(scope="module")
def unpaid() -> list[tuple[Json, bytes]]:
    """The order that forged webhooks are about, with the event that would make it paid, as long as none has."""
    return []


@pytest.mark.parametrize("case", ["genuine", "old-enough", "new-enough", *FORGED])
def test_webhook_signature(
    case: str, shop: Shop, buyer: Account, order: Callable[[], Json], unpaid: list[tuple[Json, bytes]],
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """Forged and stale webhooks are refused.

    Each forgery stands beside a genuine event that is taken in. Whoever accepts one of them ships goods that nobody has
    paid for.
    """
    if case in FORGED:
        expect(request.getfixturevalue("genuine").status_code, 204, "A genuine webhook is taken in.")
        one, body = unpaid.pop() if unpaid else _payment_under_way(shop, buyer, order())
        sent, headers = FORGED[case](shop, body)
        refused = shop.signer.send(sent, headers)
        is_problem(refused, 401, f"A webhook that is forged ({case}) is a 401.")
        assert refused.headers.get("www-authenticate"), "The 401 carries WWW-Authenticate."
        expect(shop.read(buyer, one), one, "The order is what it was.")
        if case != "other-secret":
            unpaid.append((one, body))
            return
        # Once, the same event comes after all: what was refused must not be remembered as known.
    else:
        one, body = _payment_under_way(shop, buyer, order())
    age = {"old-enough": 298, "new-enough": -298}.get(case, 0)
    taken = shop.signer.send(body, shop.signer.headers(body, int(time.time()) - age))
    expect((taken.status_code, taken.content), (204, b""), "The genuine webhook is taken in.")
    paid = shop.read(buyer, one)
    expect((paid["status"], paid["paid_at"] is not None), ("paid", True), "It makes the order paid.")
    expect({**paid, "status": "pending", "paid_at": None}, one, "Nothing else of the order changes.")


def _payment_under_way(shop: Shop, buyer: Account, order: Json) -> tuple[Json, bytes]:
    """Pay an order; give it, and the event that it was paid."""
    payment = shop.payment(buyer, order)
    return order, json.dumps(event(payment["provider_reference"], order["total"])).encode()


@pytest.mark.parametrize(
    "case",
    ["replayed", "signed-anew", "at-once", "wrong-amount", "wrong-currency", "early", "failed-late", "failed",
     "other-type", "unreadable"],
)  # fmt: skip
def test_webhook_replay(
    case: str, shop: Shop, buyer: Account, order: Callable[[], Json], other_web: httpx2.Client
) -> None:
    """A replayed webhook is refused and an event taken in once.

    The same request again, at the other process; the same event signed anew; ten deliveries at the same moment; events
    about another amount, or about a charge that isn't known yet.
    """
    one = order()
    if case == "early":
        _early(shop, buyer, one)
        return
    payment = shop.payment(buyer, one)
    told = event(payment["provider_reference"], one["total"])
    body = json.dumps(told).encode()
    headers = shop.signer.headers(body)
    wanted = "paid"
    if case == "replayed":
        expect(shop.signer.send(body, headers).status_code, 204, "The webhook is taken in.")
        for client in (shop.client, other_web):
            is_problem(shop.signer.send(body, headers, client), 409, "The same request again is a 409, at any process.")
    elif case == "signed-anew":
        now = int(time.time())
        answers = [shop.signer.deliver(told, (shop.client, other_web)[n % 2], at=now - n) for n in range(3)]
        expect(statuses(answers), {204: 3}, "The same event, signed anew, is taken in without effect.")
    elif case == "at-once":
        other = order()
        again = event(shop.payment(buyer, other)["provider_reference"], other["total"])
        now = int(time.time())
        answers = parallel([
            *(partial(shop.signer.send, body, headers, (shop.client, other_web)[n % 2]) for n in range(10)),
            *(partial(shop.signer.deliver, again, (shop.client, other_web)[n % 2], now - n) for n in range(10)),
        ])  # fmt: skip
        expect((statuses(answers[:10]), statuses(answers[10:])), ({204: 1, 409: 9}, {204: 10}),
               "Of ten same deliveries at once one is taken in; ten that are signed anew are all answered 204.")  # fmt: skip
        expect(shop.read(buyer, other)["status"], "paid", "The event has its effect.")
    elif case in ("wrong-amount", "wrong-currency"):
        change = {"amount": "1.00"} if case == "wrong-amount" else {"currency": "USD"}
        field = f"data.{next(iter(change))}"
        refused = shop.signer.deliver({**told, "data": {**told["data"], **change}})
        body_ = is_problem(refused, 422, f"An event with a {case.replace('-', ' ')} is a 422.")
        assert all(e["field"] in (field, next(iter(change))) for e in body_.get("errors", [])), "It names the field."
        expect(shop.read(buyer, one), one, "The order is what it was.")
        expect(shop.signer.deliver(told).status_code, 204, "The right event with the same id is taken in afterwards.")
    elif case == "failed-late":
        expect(shop.signer.deliver(told).status_code, 204, "The payment succeeds.")
        late = event(payment["provider_reference"], one["total"], "payment.failed")
        expect(shop.signer.deliver(late).status_code, 204, "An event about a payment that is over is a 204.")
    elif case == "failed":
        is_problem(
            buyer.post(f"orders/{one['id']}/cancel"), 409, "An order with a payment under way can't be cancelled."
        )
        failed = event(payment["provider_reference"], one["total"], "payment.failed")
        expect(shop.signer.deliver(failed).status_code, 204, "A payment fails.")
        expect(shop.signer.deliver(told).status_code, 204, "A success after that is a 204 without effect.")
        expect(shop.read(buyer, one)["status"], "pending", "The order stays pending.")
        expect(shop.try_to_pay(buyer, other := order()).status_code, 201, "Another order is paid.")
        expect(shop.try_to_pay(buyer, one).status_code, 201, "After a failed payment a new key makes a new one.")
        shop.settle(next(_payments(shop, one)), "payment.failed")
        expect(
            buyer.post(f"orders/{one['id']}/cancel").status_code, 200, "After it failed, the order can be cancelled."
        )
        expect(shop.read(buyer, other)["status"], "pending", "Other orders are what they were.")
        wanted = "cancelled"
    elif case == "other-type":
        for data in ({}, {"reference": payment["provider_reference"], "amount": "x"}, told["data"]):
            other_type = event("", "", "charge.disputed", data=data)
            expect(shop.signer.deliver(other_type).status_code, 204, "An event of another type is taken in.")
        expect(shop.read(buyer, one), one, "It has no effect.")
        told["unheard-of"] = {"a": [1]}
        expect(shop.signer.deliver(told).status_code, 204, "Unknown fields are allowed.")
    else:
        garbage = b'{"id": '
        is_problem(
            shop.signer.send(garbage, shop.signer.headers(garbage)), 400, "A signed body that isn't JSON is a 400."
        )
        for broken in ({**told, "id": 7}, {**told, "data": {}}, {"id": "evt_1"}):
            is_problem(shop.signer.deliver(broken), 422, f"A signed {str(broken)[:60]} is a 422.")
        expect(shop.signer.deliver(told).status_code, 204, "The event is taken in.")
    expect(shop.read(buyer, one)["status"], wanted, f"In the end the order is {wanted}.")


def _payments(shop: Shop, order: Json) -> Iterator[Json]:
    """Give the payments of an order as far as a webhook needs them, the newest first."""
    for charge in reversed(shop.provider.charges(order)):
        yield {"provider_reference": charge.id, "amount": charge.body["amount"]}


def _early(shop: Shop, buyer: Account, order: Json) -> None:
    """The webhook comes before the answer to the charge did."""
    unknown = event(f"ch_{tag()}", order["total"])
    is_problem(shop.signer.deliver(unknown), 404, "An event about an unknown charge is a 404.")
    used = key()
    shop.provider.ways[order["order_number"]] = "hangs up"
    is_problem(shop.try_to_pay(buyer, order, used), 503, "The provider hangs up, so nothing is known.")
    (charge,) = shop.provider.charges(order)
    told = event(charge.id, order["total"])
    is_problem(shop.signer.deliver(told), 404, "An event about a charge that isn't known yet is a 404.")
    shop.provider.ways[order["order_number"]] = "takes"
    expect(shop.try_to_pay(buyer, order, used).status_code, 201, "The same key gives the charge.")
    expect(
        shop.signer.deliver(told, at=int(time.time()) - 1).status_code,
        204,
        "The event is taken in when it comes again.",
    )
    expect(shop.read(buyer, order)["status"], "paid", "The order is paid.")


# The export ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def whole(export: Export, paid_race: Race) -> tuple[list[list[Json]], str]:
    """All pages of the export when the orders are paid, and the last cursor."""
    assert paid_race.paid, "Orders should have been paid."
    return export.read()


@pytest.mark.parametrize("case", ["pages", "figures", "changed", "since", "not-exported", "refused"])
def test_export(
    case: str, shop: Shop, export: Export, paid_race: Race, whole: tuple[list[list[Json]], str], limits: Any
) -> None:
    """Paid orders are exported page by page.

    More than a hundred paid orders are read with the service token, and again from the last cursor when one was shipped.
    """
    pages, end = whole
    if case in ("changed", "not-exported"):
        _, end = export.read(end)
    items = [item for page in pages for item in page]
    account, order = paid_race.settled[0]
    assert items, "Paid orders should be in the export."
    if case == "pages":
        assert len(pages) > 1, "More than a hundred orders should take several pages."
        assert max(map(len, pages)) <= limits.export_orders, f"A page holds at most {limits.export_orders} orders."
        numbers = [item["order_number"] for item in items]
        expect(len(set(numbers)), len(numbers), "While nothing changes, each order comes once.")
        missing = {order["order_number"] for _, order in paid_race.settled + paid_race.paid} - set(numbers)
        expect(sorted(missing), [], "Every paid order is in the pages.")
        expect(export.read(end), ([[]], end), "From the last cursor on there is nothing new.")
    elif case == "figures":
        found = {item["order_number"]: item for item in items}
        for who, paid in paid_race.settled + paid_race.paid:
            wanted = p1_export.exported({**paid, "status": "paid"}, who.id)
            expect(found.get(paid["order_number"]), wanted, "An exported order has exactly the order's figures.")
    elif case == "changed":
        shipped = shop.admin.post(f"orders/{order['id']}/ship")
        expect(shipped.status_code, 200, "An order is shipped.")
        wanted = p1_export.exported({**order, "status": "shipped"}, account.id)
        pages, later = export.read(end)
        expect(pages, [[wanted]], "From the last cursor on there is exactly this order, with the new status.")
        expect(export.read(later), ([[]], later), "Then there is nothing new.")
        numbers = [item["order_number"] for page in export.read()[0] for item in page]
        expect(
            numbers[-1], order["order_number"], "From the start it stands behind everything that was exported before."
        )
    elif case == "since":
        account, order = paid_race.settled[1]
        moment = _now(shop)
        shop.admin.post(f"orders/{order['id']}/ship")
        answer = export.page(since=moment)
        expect(answer.status_code, 200, "The export starts at a time.")
        expect([item["order_number"] for item in answer.json()["items"]], [order["order_number"]],
               "Only what changed from then on is exported.")  # fmt: skip
        first = export.page(since="2020-01-01T00:00:00Z").json()["items"]
        expect(len(first), limits.export_orders, "A time long ago starts at the first.")
    elif case == "not-exported":
        customer = shop.accounts.new()
        product = shop.product()
        pending, cancelled = shop.order(customer, (product, 1)), shop.order(customer, (product, 1))
        customer.post(f"orders/{cancelled['id']}/cancel")
        expect(export.read(end)[0], [[]], "Pending and cancelled orders aren't exported.")
        shop.pay(customer, pending)
        found = [item["order_number"] for page in export.read(end)[0] for item in page]
        expect(found, [pending["order_number"]], "Paid, it is.")
    else:
        for token in (account.access, shop.admin.access, "x" * 32, ""):
            stranger = Export(shop.client, token or "none")
            is_problem(stranger.page(), 401, "Without the service token the export is a 401.")
        is_problem(shop.client.get(f"{API}/orders/export"), 401, "Without a token the export is a 401.")
        service = {"Authorization": f"Bearer {shop.app.env['SERVICE_TOKEN']}"}
        is_problem(shop.client.get(f"{API}/users/me", headers=service), 401, "The service token opens nothing else.")
        for wrong in ("nonsense", f"{end}x", "-1", "999999999999999999"):
            names(export.page(cursor=wrong), 422, ["cursor"], f"The cursor {wrong!r} was never given out: 422.")
        names(export.page(since="yesterday"), 422, ["since"], "A wrong time is a 422.")
        names(export.page(cursor=end, since="2026-01-01T00:00:00Z"), 422, ["since"], "Both together are a 422.")


def _now(shop: Shop) -> str:
    """Give the time of the database, a moment after everything that was done before, to the microsecond."""
    (row,) = shop.app.sql("select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    text: str = row[0]
    return text


def test_export_misses_nothing(paid_race: Race) -> None:
    """Orders that are paid meanwhile are never left out.

    Six clients have forty orders paid, some of whose transactions hesitate at their commit, while another one reads from
    cursor to cursor. Numbers are drawn in one order and become visible in another: a reader that has passed one never
    comes back.
    """
    assert paid_race.reads >= 3, "The export should be read several times meanwhile."
    seen = {item["order_number"] for item in paid_race.seen}
    missing = sorted(order["order_number"] for _, order in paid_race.paid if order["order_number"] not in seen)
    expect(missing, [], f"Each of {len(paid_race.paid)} orders that were paid meanwhile is in the pages.")


# Reviews ------------------------------------------------------------------------------------------------------------

REVIEWERS = 10


def review(
    account: Account, product: Json, rating: Any = 5, text: Any = "Light enough for the pocket."
) -> httpx2.Response:
    """Review a product."""
    return account.post(f"products/{product['id']}/reviews", {"rating": rating, "text": text})


@pytest.mark.parametrize("case", ["paid-for", "not-paid-for", "twice", "invalid", "many-at-once"])
def test_reviews(case: str, app: Any, shop: Shop, crowd: list[Account], other_web: httpx2.Client) -> None:
    """Buyers review what they paid for, once.

    With a paid order and without, twice, and by ten buyers at the same moment.
    """
    product = shop.product(price="10.00")
    buyer = shop.accounts.new("customer", "Ada", "Example")
    order = shop.order(buyer, (product, 1))
    if case == "not-paid-for":
        is_problem(review(shop.stranger, product), 403, "Who hasn't bought it can't review it.")
        is_problem(review(buyer, product), 403, "Who hasn't paid for it can't review it.")
        is_problem(review(buyer, {"id": ABSENT_ID}), 404, "An unknown product is a 404.")
    shop.pay(buyer, order)
    shown = lambda: [shop.client.get(f"{API}/products/{product['id']}").json()[name]  # noqa: E731
                     for name in ("average_rating", "reviews_count")]  # fmt: skip
    if case == "twice":
        both = buyer, buyer.on(other_web)
        with moments.slow_inserts(app, "reviews"):
            answers = parallel([partial(review, both[n % 2], product, 4) for n in range(4)])
        expect(statuses(answers), {201: 1, 409: 3}, "Of four reviews at once by one buyer, one is taken.")
        is_problem(review(buyer, product), 409, "Another one is a 409.")
        expect(shown(), ["4.00", 1], "It counts once.")
    elif case == "invalid":
        names(review(buyer, product, 0, " "), 422, ["rating", "text"], "A rating of 0 and no text are a 422.")
        names(review(buyer, product, 6), 422, ["rating"], "A rating of 6 is a 422.")
        names(review(buyer, product, "5"), 422, ["rating"], "A rating that is a text is a 422.")
        expect(shown(), ["0.00", 0], "Nothing is counted.")
        expect(review(buyer, product, 1).status_code, 201, "A rating of 1 is taken.")
    elif case == "many-at-once":
        _many_reviews(app, shop, crowd[:REVIEWERS], product, other_web, shown)
    else:
        made = review(buyer, product, 5, " Good. ")
        expect(made.status_code, 201, "Who has paid for it reviews it.")
        body = made.json()
        wanted = {"id": body["id"], "product_id": product["id"], "author": "Ada E.", "rating": 5, "text": "Good.",
                  "created_at": body["created_at"]}  # fmt: skip
        expect(body, wanted, "The review is in the contract's form.")
        listed = shop.client.get(f"{API}/products/{product['id']}/reviews")
        expect((listed.status_code, listed.json()), (200, {"items": [wanted], "page": 1, "per_page": 20, "total": 1}),
               "Everybody reads it.")  # fmt: skip
        expect(shown(), ["5.00", 1], "Rating and count follow at once.")


def _many_reviews(
    app: Any, shop: Shop, crowd: list[Account], product: Json, other_web: httpx2.Client, shown: Callable[[], list[Any]]
) -> None:
    for account in crowd:
        shop.paid(account, (product, 1))
    ratings = [1 + n % 5 for n in range(len(crowd) - 1)] + [5]
    buyers = [account.on((shop.client, other_web)[n % 2]) for n, account in enumerate(crowd)]
    with moments.slow_updates(app, "products", 0.05):  # so that others store theirs before the first is counted
        answers = parallel([partial(review, one, product, rating) for one, rating in zip(buyers, ratings, strict=True)])
    expect(statuses(answers), {201: len(crowd)}, "Reviews by several buyers at once are all taken.")
    mean = (Decimal(sum(ratings)) / len(ratings)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    expect(shown(), [str(mean), len(ratings)], "Average and count are right.")
    listed = shop.client.get(f"{API}/products/{product['id']}/reviews", params={"per_page": 4, "page": 2}).json()
    expect((len(listed["items"]), listed["total"]), (4, len(ratings)), "Reviews are listed by page.")
    every = shop.client.get(f"{API}/products/{product['id']}/reviews", params={"per_page": 100}).json()["items"]
    times = [one["created_at"] for one in every]
    expect(times, sorted(times, reverse=True), "The newest review comes first.")
