"""What an order costs, computed exactly and independently: nothing is taken from the answer."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from p1_answers import Json

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Cart:
    """A cart of prices and quantities, and how it is shipped."""

    lines: tuple[tuple[str, int], ...]
    shipping: str = "standard"


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def figures(cart: Cart, limits: Any) -> tuple[Json, list[Json]]:
    """Give the figures of the order, and of each line."""
    totals = [Decimal(price) * quantity for price, quantity in cart.lines]
    subtotal = sum(totals, Decimal(0))
    discounted = subtotal * 100 >= limits.discount_from_cents
    lines: list[Json] = []
    for (price, quantity), line_total in zip(cart.lines, totals, strict=True):
        discount = _cents(line_total * limits.discount_percent / 100) if discounted else Decimal(0)
        tax = _cents((line_total - discount) * limits.tax_percent / 100)
        lines.append({
            "quantity": quantity, "unit_price": _text(Decimal(price)), "line_total": _text(line_total),
            "discount": _text(discount), "tax": _text(tax), "total": _text(line_total - discount + tax),
        })  # fmt: skip
    discount, tax = (sum((Decimal(line[name]) for line in lines), Decimal(0)) for name in ("discount", "tax"))
    shipping = _shipping(cart.shipping, subtotal - discount, limits)
    order = {"subtotal": subtotal, "discount": discount, "tax": tax, "shipping": shipping,
             "total": subtotal - discount + tax + shipping}  # fmt: skip
    return {name: _text(amount) for name, amount in order.items()}, lines


def _shipping(method: str, goods: Decimal, limits: Any) -> Decimal:
    if method == "express":
        return Decimal(limits.shipping_express_cents) / 100
    free = goods * 100 >= limits.shipping_free_from_cents
    return Decimal(0) if free else Decimal(limits.shipping_standard_cents) / 100


def _text(amount: Decimal) -> str:
    return f"{amount.quantize(CENT):f}"


def shown(order: Json) -> tuple[Json, list[Json]]:
    """Give the same figures as an order shows them."""
    names = ("subtotal", "discount", "tax", "shipping", "total")
    inner = ("quantity", "unit_price", "line_total", "discount", "tax", "total")
    return {name: order[name] for name in names}, [{name: line[name] for name in inner} for line in order["items"]]


CARTS: dict[str, list[Cart]] = {
    "the-contracts-example": [Cart((("19.90", 2), ("89.50", 2)))],
    "just-below-the-discount": [
        Cart((("199.99", 1),)), Cart((("66.66", 3), ("0.01", 1))), Cart((("99.99", 2),)), Cart((("19.99", 10),)),
        Cart((("33.33", 6),)), Cart((("0.01", 1), ("199.98", 1))),
    ],
    "from-the-discount-on": [
        Cart((("200.00", 1),)), Cart((("199.99", 1), ("0.01", 1))), Cart((("66.66", 3), ("0.01", 2))),
        Cart((("50.00", 4),)), Cart((("2.50", 80),)), Cart((("33.33", 7),)),
    ],
    "free-shipping": [
        Cart((("50.00", 1),)), Cart((("49.99", 1),)), Cart((("49.99", 1), ("0.01", 1))), Cart((("2.50", 20),)),
        Cart((("2.50", 19),)), Cart((("0.01", 1),)), Cart((("16.66", 3),)), Cart((("16.67", 3),)),
    ],
    "express": [
        Cart((("0.01", 1),), "express"), Cart((("50.00", 1),), "express"), Cart((("200.00", 1),), "express"),
        Cart((("99.99", 3), ("33.33", 3)), "express"),
    ],
    # Where a half cent is rounded, where a float is a hair below it (the tax of 42.50 and 97.50 and the discount of 322.15
    # in cents, that of 258.15 in euros), and where rounding the sum gives another figure.
    "halves-of-a-cent": [
        Cart((("1.50", 1),)), Cart((("42.50", 1),)), Cart((("97.50", 1),)), Cart((("322.15", 1),)),
        Cart((("258.15", 1),)), Cart((("0.05", 10), ("222.25", 1))), Cart((("1.50", 3), ("0.50", 5))),
        Cart((("0.45", 1), ("0.55", 1), ("0.65", 1), ("200.00", 1))),
    ],
    "many-lines": [
        Cart((("0.01", 99), ("19.99", 7), ("33.33", 3), ("0.05", 99), ("1.50", 1), ("9.99", 1))),
        Cart((("33.33", 1), ("33.32", 1), ("33.34", 1), ("66.66", 1), ("16.66", 1), ("16.67", 1))),
        Cart((("0.01", 1), ("0.05", 1), ("0.45", 1), ("0.50", 1), ("0.55", 1), ("0.65", 1), ("1.50", 1))),
        Cart((("99.99", 99), ("199.99", 99), ("222.35", 99))),
        Cart((("19.90", 5), ("89.50", 1), ("2.50", 3), ("0.45", 7))),
        Cart((("50.00", 1), ("49.99", 3), ("0.55", 9))),
        Cart((("222.25", 3), ("222.35", 3), ("0.65", 1))),
    ],
}  # fmt: skip
PRICES = sorted({price for carts in CARTS.values() for cart in carts for price, _ in cart.lines})
