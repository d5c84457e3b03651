"""Reports as a client orders and reads them."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
from p2_figures import Sale

from checks.acceptance import blocked, eventually, expect

PATH = "/api/v1/reports"
# Names as they come in files. None of them may run, and each has to be seen as it stands.
HOSTILE_NAMES = (
    "<script>window.ran=1</script>",
    "<img src=x onerror=window.ran=2>",
    '"><svg onload=window.ran=3>',
    '=HYPERLINK("https://example.org")',
    "Salt & pepper, {{ 7 * 7 }} &lt;b&gt;",
)
HOSTILE_TITLE = "</title><script>window.ran=4</script> =1+1 & <b>March</b>"


def sales(prefix: str, start: date, days: int, seed: int) -> list[Sale]:
    """Give sales on some days from `start` on, of products with hostile names and of others."""
    chance = random.Random(seed)
    names = (*HOSTILE_NAMES, *(f"Plain product {number}" for number in range(5)))  # ten: all are top products
    regions = ("North", "South", "<u>West</u>")
    return [
        Sale(
            transaction_id=f"{prefix}-{number:03d}",
            sold_at=datetime(start.year, start.month, start.day, 9, number, tzinfo=UTC)
            + timedelta(days=chance.randrange(days)),
            customer_id=f"{prefix}-C-{number % 17}",
            product_id=f"{prefix}-P-{number % len(names)}",
            product_name=names[number % len(names)],
            category=chance.choice(("Books", "Games")),
            quantity=chance.randint(1, 5),
            unit_price=Decimal(chance.randint(100, 9_999)) / 100,
            discount=Decimal("0.00"),
            tax=Decimal("0.19"),
            payment_method="card",
            region=chance.choice(regions),
        )
        for number in range(52)
    ]


@dataclass
class Reports:
    """The two operations of the contract, as their users want them to work."""

    api: httpx2.Client
    seconds: float

    def order(self, start: object, end: object, **more: Any) -> dict[str, Any]:
        """Order a report and give the answer of the 202."""
        response = self.api.post(PATH, json={"start": str(start), "end": str(end), **more})
        expect(response.status_code, 202, "A report that is ordered should be accepted.")
        report: dict[str, Any] = response.json()
        place = response.headers.get("location", "")
        expect(httpx2.URL(place).path, f"{PATH}/{report['id']}", "Location should lead to the report.")
        return report

    def state(self, report: dict[str, Any]) -> dict[str, Any]:
        """Give the report as JSON."""
        response = self.api.get(f"{PATH}/{report['id']}", headers={"Accept": "application/json"})
        expect(response.status_code, 200, "A report that was ordered can be asked for.")
        found: dict[str, Any] = response.json()
        return found

    def built(self, report: dict[str, Any]) -> dict[str, Any]:
        """Wait until a report is completed and give it."""

        def ended() -> dict[str, Any]:
            found = self.state(report)
            return found if found["status"] in ("completed", "failed") else {}

        found = eventually(ended, self.seconds, "a report that was ordered is completed", pause=0.03)
        expect(found["status"], "completed", f"The report should be completed; its error is {found['error']!r}.")
        return found

    def ordered_and_built(self, start: object, end: object, **more: Any) -> dict[str, Any]:
        """Order a report and wait for it."""
        return self.built(self.order(start, end, **more))

    def read(self, report: dict[str, Any], accept: str) -> httpx2.Response:
        """Give a report in another form."""
        return self.api.get(f"{PATH}/{report['id']}", headers={"Accept": accept})

    def csv(self, report: dict[str, Any]) -> httpx2.Response:
        """Give a completed report as CSV."""
        response = self.read(report, "text/csv")
        _is(response, "text/csv")
        return response

    def html(self, report: dict[str, Any]) -> httpx2.Response:
        """Give a completed report as a page."""
        response = self.read(report, "text/html")
        _is(response, "text/html")
        return response

    def analytics(self, name: str, report: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Give what an endpoint of m5 says about the same days."""
        days = {key: report[key] for key in ("start", "end", "timezone")}
        response = self.api.get(f"/api/v1/analytics/{name}", params={**days, **more})
        if response.status_code != 200:
            blocked(f"analytics/{name} answers {response.status_code}", by=f"acceptance.m5.{name}")
        found: dict[str, Any] = response.json()
        return found


def _is(response: httpx2.Response, kind: str) -> None:
    expect(response.status_code, 200, f"A completed report should be given as {kind}.")
    expect(response.headers.get("content-type", "").partition(";")[0].strip(), kind, "That should be its media type.")
