"""What analytics answer: values that are counted once, stored with a report, and shown in every form.

Money is a Decimal inside and a string with two places outside; see `Metrics` in docs/openapi.yaml.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")

Money = Annotated[Decimal, PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str)]
Ranking = Literal["revenue", "units"]


def average(revenue: Decimal, orders: int) -> Decimal:
    """Divide to the cent, half away from zero; no orders make 0.00."""
    return (revenue / orders).quantize(CENT, ROUND_HALF_UP) if orders else NOTHING


class Figures(BaseModel):
    """A value: it never changes."""

    model_config = ConfigDict(frozen=True)


class Share(Figures):
    """The part of a whole that one region, category or payment method has."""

    key: str
    revenue: Money
    orders: int
    units: int


class Metrics(Figures):
    """Totals over a day or a range of days."""

    revenue: Money = NOTHING
    orders: int = 0
    units: int = 0
    average_order_value: Money = NOTHING
    unique_customers: int = 0
    new_customers: int = 0
    returning_customers: int = 0
    by_region: tuple[Share, ...] = ()
    by_category: tuple[Share, ...] = ()
    by_payment_method: tuple[Share, ...] = ()


class DailyMetrics(Metrics):
    """Totals of one day."""

    date: date


class RankedProduct(Figures):
    """A product and its place."""

    rank: int
    product_id: str
    product_name: str
    category: str
    revenue: Money
    orders: int
    units: int


class Segment(Figures):
    """Some of the customers, and what they bought."""

    name: str
    criteria: str
    customers: int
    revenue: Money
