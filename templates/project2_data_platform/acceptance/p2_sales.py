"""The 2,000 sales that m5 is judged by: every edge of its grading table, and ordinary business around them.

Which sales are ordinary is drawn anew for each grading, so no answer can be written down beforehand; the edges are
always there. All of them lie in 2001 to 2004, years that no other scenario touches, and none is older: what the
contract calls "ever" is then exactly what is in these files.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count, product
from zoneinfo import ZoneInfo

from p2_figures import Sale

ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland")
# Days on which clocks change in 2004, by zone; Kolkata has none and is half an hour off everybody else.
CLOCK_CHANGES = {
    "Europe/Berlin": (date(2004, 3, 28), date(2004, 10, 31)),
    "America/Los_Angeles": (date(2004, 4, 4), date(2004, 10, 31)),
    "Pacific/Auckland": (date(2004, 3, 21), date(2004, 10, 3)),
    "Asia/Kolkata": (date(2004, 7, 1),),
    "UTC": (date(2004, 7, 1),),
}
CALM_YEAR = (date(2002, 1, 1), date(2002, 12, 31))  # no sale near its ends: every zone has the same total
LEAP_YEAR = (date(2004, 1, 1), date(2004, 12, 31))  # 366 days, the longest range there is, sales at its very ends
GAP = (date(2002, 6, 10), date(2002, 6, 20))  # nothing is sold, in no zone
NOTHING = (date(2001, 12, 1), date(2001, 12, 24))  # neither
TIES = (date(2001, 3, 5), date(2001, 3, 9))  # products that are equal in revenue, in units, in both
HALF_CENTS = {  # day: totals of its orders; the average has a third decimal of 5
    date(2001, 2, 3): ("10.00", "10.01"),  # 10.005, which banker's rounding makes 10.00
    date(2001, 2, 4): ("0.02", "0.03"),  # 0.025
    date(2001, 2, 5): ("5.00", "5.00", "5.00", "5.02"),  # 5.005
    date(2001, 2, 6): ("1.00", "1.00", "1.01"),  # 1.00333…, which is rounded down
    date(2001, 2, 7): ("1.00", "1.01", "1.01"),  # 1.00666…, which is rounded up
}
AS_OF = date(2001, 11, 20)  # of the customers on the edges of the segments
RECENCIES = (0, 30, 31, 90, 91, 180, 181)
FREQUENCIES = (1, 2, 3, 4, 5)
MONETARY = (Decimal("499.99"), Decimal("500.00"))
SAME_DAY_EVERYWHERE = time(8, 30)  # UTC; a calm hour in all five zones
SIZE = 2_000
# Ordinary totals are multiples of this, so that no average of a few has half a cent: rounding is judged where it is meant
# to be, and costs whoever gets it wrong those cases alone.
_EVEN = Decimal("0.24")
CATEGORIES = ("Books", "Games", "Garden", "Unknown")


@dataclass(frozen=True)
class Files:
    """Two files to upload one after the other, and the sales that are true afterwards."""

    first: list[Sale]
    corrections: list[Sale]

    @property
    def sales(self) -> list[Sale]:
        """The state after both."""
        return list({sale.transaction_id: sale for sale in (*self.first, *self.corrections)}.values())


class _Till:
    """Writes sales down with running numbers, ordinary unless told otherwise."""

    def __init__(self, prefix: str, chance: random.Random) -> None:
        self.prefix = prefix
        self.chance = chance
        self.numbers = count(1)
        self.sold: list[Sale] = []

    def sell(
        self,
        at: datetime,
        customer: str,
        product_id: str,
        total: Decimal | None = None,
        quantity: int | None = None,
        name: str | None = None,
        category: str | None = None,
        region: str | None = None,
    ) -> None:
        chance = self.chance
        quantity = quantity or chance.randint(1, 9)
        discount, tax = (Decimal(chance.choice((0, 0, 5, 19, 250))) / 100 for _ in range(2))
        if total is None:
            price = Decimal(chance.randint(300, 19_999)) / 100
            tax += _EVEN - (quantity * price - discount + tax) % _EVEN
        else:  # a price of one cent apiece is enough to hit any total by way of the tax
            price, discount, tax = Decimal("0.01"), Decimal("0.00"), total - quantity * Decimal("0.01")
            if tax < 0:
                price, tax = Decimal("0.00"), total
        self.sold.append(
            Sale(
                transaction_id=f"{self.prefix}-{next(self.numbers):04d}",
                sold_at=at.astimezone(UTC),
                customer_id=f"{self.prefix}-C-{customer}",
                product_id=f"{self.prefix}-P-{product_id}",
                product_name=name or f"Product {product_id}",
                # Of product and moment: two sales at the same moment don't disagree about the latest category.
                category=category or random.Random(f"{product_id} {at}").choice(CATEGORIES),
                quantity=quantity,
                unit_price=price,
                discount=discount,
                tax=tax,
                payment_method=chance.choice(("card", "cash", "bank_transfer", "wallet")),
                region=region or chance.choice(("North", "South", "East", "West", "Unknown")),
            )
        )


def draw(prefix: str, seed: int) -> Files:
    """Make the two files. `prefix` begins every id; the same seed gives the same files."""
    till = _Till(prefix, random.Random(seed))
    _half_cents(till)
    _ties(till)
    _segment_edges(till)
    _midnights(till)
    _first_sales(till)
    _renamed_product(till)
    _ordinary_business(till, SIZE - len(till.sold))
    till.chance.shuffle(till.sold)  # a file is in no order: the last row isn't the latest sale
    return Files(till.sold, _corrections(till.sold, prefix))


def _half_cents(till: _Till) -> None:
    for day, totals in HALF_CENTS.items():
        for number, total in enumerate(totals):
            till.sell(_calm(day), f"HALF-{number}", "HALF", Decimal(total))


def _ties(till: _Till) -> None:
    # product, units, revenue. By revenue: T-1, then T-3 and T-2 (units), T-10 before T-9 (as text), T-4; by units else.
    rows = (
        ("T-1", 5, "100.00"),
        ("T-2", 7, "80.00"),
        ("T-3", 8, "80.00"),
        ("T-9", 7, "60.00"),
        ("T-10", 7, "60.00"),
        ("T-4", 8, "20.00"),
    )
    for number, (product_id, units, revenue) in enumerate(rows):
        at = _calm(TIES[0] + timedelta(days=number % 5))
        half = Decimal(revenue) / 2
        # West and North have the same revenue; so have Games and Books.
        for region, category, quantity in (("West", "Games", units - 2), ("North", "Books", 2)):
            till.sell(at, f"TIE-{number}", product_id, half, quantity, region=region, category=category)
            at += timedelta(minutes=1)


def _segment_edges(till: _Till) -> None:
    for recency, frequency, monetary in product(RECENCIES, FREQUENCIES, MONETARY):
        customer = f"R{recency}-F{frequency}-M{int(monetary)}"
        last = _calm(AS_OF - timedelta(days=recency))
        rest = monetary - (frequency - 1) * Decimal("10.00")
        for number in range(frequency - 1):  # earlier the same year, the oldest ten days before the last
            till.sell(last - timedelta(days=2 * number + 2), customer, f"{number:03d}", Decimal("10.00"))
        till.sell(last, customer, "EDGE", rest)
        if frequency == 4:  # would be the fifth order and lift the revenue, if it counted already
            till.sell(_calm(AS_OF + timedelta(days=1)), customer, "EDGE", Decimal("50.00"))
    for zone in ZONES:  # the day of the last sale depends on where one looks from
        for days in (30, 90, 180):
            midnight = _midnight(AS_OF - timedelta(days=days), zone)
            for when, at in (("BEFORE", midnight - timedelta(seconds=1)), ("AT", midnight)):
                customer = f"Z{days}-{when}-{ZONES.index(zone)}"
                till.sell(at - timedelta(days=5), customer, "EDGE", Decimal("20.00"))
                till.sell(at, customer, "EDGE", Decimal("20.00"))
    for zone in ZONES:  # the last second of the day itself, and the first of the next
        midnight = _midnight(AS_OF + timedelta(days=1), zone)
        till.sell(midnight - timedelta(seconds=1), f"LAST-{ZONES.index(zone)}", "EDGE")
        till.sell(midnight, f"NEXT-{ZONES.index(zone)}", "EDGE")


def _midnights(till: _Till) -> None:
    """Sales around midnight on days when clocks change and beside them, and in the hours that come twice or never."""
    moments: set[datetime] = set()
    for zone, days in CLOCK_CHANGES.items():
        for day in days:
            for near in (day - timedelta(days=1), day, day + timedelta(days=1), day + timedelta(days=2)):
                moments |= {_midnight(near, zone) + timedelta(seconds=offset) for offset in (-1, 0, 1800)}
            for hour, fold in product((1, 2, 3), (0, 1)):
                moments.add(datetime.combine(day, time(hour, 30, fold=fold), ZoneInfo(zone)).astimezone(UTC))
    for zone in ZONES:
        for day in (LEAP_YEAR[0], date(2004, 2, 29), date(2004, 3, 1), LEAP_YEAR[1] + timedelta(days=1)):
            moments |= {_midnight(day, zone) + timedelta(seconds=offset) for offset in (-1, 0)}
    # Two and two share a customer, who is new on one side of a midnight and comes back on the other.
    last_moment = datetime(2004, 12, 31, 23, 59, 59, tzinfo=UTC)
    for number, moment in enumerate(sorted(moment for moment in moments if moment <= last_moment)):
        till.sell(moment, f"NIGHT-{number // 2}", f"{number % 150:03d}")


def _first_sales(till: _Till) -> None:
    """Customers whose first sale is before the calm year, in it (three times), and after it."""
    for number in range(7):
        before, after = _calm(date(2001, 4, 1 + number)), _calm(date(2004, 7, 10 + number))
        within = [_calm(date(2002, month, 1 + number)) for month in (2, 5, 9)]
        for kind, moments in (("RETURNS", (before, within[0])), ("NEW", (*within, after)), ("LATER", (after,))):
            for moment in moments:
                till.sell(moment, f"{kind}-{number}", f"{number:03d}")


def _renamed_product(till: _Till) -> None:
    """A product with three names. It sells best in the calm year; the name that counts is of a later one."""
    sales = ((date(2001, 1, 8), "Oldest name", "Books"), (date(2002, 8, 1), "Old name", "Games"))
    for day, name, category in (*sales, (date(2004, 8, 1), "Present name", "Garden")):
        till.sell(_calm(day), f"RENAMED-{day.year}", "RENAMED", Decimal("54321.12"), 300, name, category)


def _ordinary_business(till: _Till, number: int) -> None:
    calm, leap = (list(_open_days(*year)) for year in (CALM_YEAR, LEAP_YEAR))
    for _ in range(number):
        day = till.chance.choice(till.chance.choice((calm, leap)))
        at = datetime.combine(day, time(), UTC) + timedelta(seconds=till.chance.randrange(86_400))
        till.sell(at, f"{till.chance.randint(1, 300):03d}", f"{till.chance.randint(0, 149):03d}")


def _open_days(start: date, end: date) -> Iterator[date]:
    day = start + timedelta(days=2)
    while day <= end - timedelta(days=2):  # no zone sees these days at the year's end or in the gap
        if not GAP[0] - timedelta(days=1) <= day <= GAP[1] + timedelta(days=1):
            yield day
        day += timedelta(days=1)


def _corrections(sold: list[Sale], prefix: str) -> list[Sale]:
    """Corrections as they happen: another amount, another region, another day, another customer."""
    first_of: dict[str, Sale] = {}
    for sale in sorted(sold, key=lambda sale: sale.sold_at):
        first_of.setdefault(sale.customer_id, sale)
    firsts = [first_of[f"{prefix}-C-NEW-{number}"] for number in range(3)]
    return [
        # The first sale moves: out of the year for one that was new in it, and into it for one that returned.
        replace(firsts[0], sold_at=_calm(date(2001, 1, 10))),
        replace(first_of[f"{prefix}-C-RETURNS-0"], sold_at=_calm(date(2002, 10, 1))),
        replace(firsts[1], customer_id=f"{prefix}-C-SOMEBODY-ELSE"),
        replace(firsts[2], unit_price=firsts[2].unit_price + Decimal("7.20"), region="Overseas"),
    ]


def _calm(day: date) -> datetime:
    return datetime.combine(day, SAME_DAY_EVERYWHERE, UTC)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
