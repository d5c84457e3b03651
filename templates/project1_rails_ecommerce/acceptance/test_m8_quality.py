"""m8: what every scenario was answered, and what requests made from the contract are answered, held to the contract."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from p1_accounts import PASSWORD
from p1_answers import API
from p1_fuzz import Fuzz
from p1_provider import event
from p1_shop import Shop, tag

from checks.acceptance import expect

SHOWN = 5


def answered(contract: Any) -> set[str]:
    """Give the operations that were answered with success."""
    return {operation for operation, status in contract.judged if 200 <= status < 300}


@pytest.fixture(scope="session")
def every_operation(web: httpx2.Client, shop: Shop, contract: Any) -> None:
    """Ask for what no scenario has asked for so far, so that none is right by never having been asked."""
    if set(contract.operations) <= answered(contract):
        return
    for _ in _a_day_in_the_shop(web, shop):
        pass


def _a_day_in_the_shop(web: httpx2.Client, shop: Shop) -> Iterator[httpx2.Response]:
    body = {"email": f"{tag()}@example.org", "password": PASSWORD, "first_name": "Ada", "last_name": "Byron"}
    yield web.post(f"{API}/auth/register", json=body)
    ada = shop.accounts.new()
    yield web.post(f"{API}/auth/refresh", json={"refresh_token": ada.refresh})
    yield from (ada.get("users/me"), ada.patch("users/me", {"phone": "+49 30 1"}), shop.admin.get("users"))
    yield shop.admin.patch(f"users/{shop.accounts.new().id}", {"role": "vendor"})
    category, product = shop.new_category(), shop.product()
    yield from (shop.admin.patch(f"categories/{category['id']}", {"name": tag()}), web.get(f"{API}/categories"))
    yield shop.admin.delete(f"categories/{category['id']}")
    yield from (web.get(f"{API}/products"), web.get(f"{API}/products/{product['id']}"))
    yield shop.vendor.patch(f"products/{product['id']}", {"price": "12.00"})
    yield shop.vendor.delete(f"products/{shop.product()['id']}")
    shop.fill(ada, (product, 1))
    item = ada.get("cart").json()["items"][0]["id"]
    yield ada.patch(f"cart/items/{item}", {"quantity": 2})
    yield ada.delete(f"cart/items/{item}")
    cancelled = shop.order(ada, (product, 1))
    yield from (ada.post(f"orders/{cancelled['id']}/cancel"), ada.get("orders"), ada.get(f"orders/{cancelled['id']}"))
    order = shop.order(ada, (product, 1))
    payment = shop.payment(ada, order)
    yield shop.signer.deliver(event(payment["provider_reference"], payment["amount"]))
    yield from (shop.admin.post(f"orders/{order['id']}/{step}") for step in ("ship", "deliver"))
    yield ada.post(f"products/{product['id']}/reviews", {"rating": 5, "text": "Good."})
    yield web.get(f"{API}/products/{product['id']}/reviews")
    service = {"Authorization": f"Bearer {shop.app.env['SERVICE_TOKEN']}"}
    yield web.get(f"{API}/orders/export", headers=service)
    yield from (shop.vendor.get("inventory"), ada.post("auth/logout"))
    yield shop.vendor.post(f"inventory/{product['id']}/adjustments", {"delta": 1, "reason": "restock"})
    yield from (web.get(path) for path in ("/healthz", "/readyz", "/metrics"))


@pytest.mark.usefixtures("every_operation")
@pytest.mark.parametrize("case", ["scenarios", "made-from-the-contract"])
def test_contract(contract: Any, fuzzed: Fuzz, case: str) -> None:
    """Every response conforms to the contract.

    Each answer that any scenario was given is held to the contract, and every operation must have been answered; then
    valid and invalid requests are made from the contract itself.
    """
    expect(
        sorted(set(contract.operations) - answered(contract)), [], "Every operation should be answered with success."
    )
    found = contract.violations if case == "scenarios" else fuzzed.violations()
    shown = [f"{violation.operation}: {violation.reason} ({violation.request})" for violation in found[:SHOWN]]
    assert not found, f"Every answer should conform to the contract; {len(found)} do not: {' | '.join(shown)}"
