"""m6: reports as CSV and as pages, held to the analytics and looked at in a real browser."""

import csv
import io
import re
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
import p2_database
import p2_document
import p2_reports
import pytest
from p2_figures import as_csv

from checks.acceptance import blocked, expect

HEADER = [
    "date",
    "revenue",
    "orders",
    "units",
    "average_order_value",
    "unique_customers",
    "new_customers",
    "returning_customers",
]
METRICS = HEADER[1:]
CHARTS = ("daily-revenue", "revenue-by-region", "top-products")
MARCH = (date(2005, 3, 1), date(2005, 3, 31))
MAY = (date(2005, 5, 1), date(2005, 5, 31))
ZONE = "Pacific/Auckland"  # the sales of a morning in UTC are of the evening there, some of the next day
NONCE = re.compile(rb'nonce="[^"]*"')
BROWSER_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@dataclass
class World:
    """Two months with sales, and the reports about them that every scenario may read."""

    reports: p2_reports.Reports
    source: dict[str, Any]
    prefix: str
    march: dict[str, Any]
    may: dict[str, Any]


@pytest.fixture(scope="session")
def reports(api: httpx2.Client, limits: Any) -> p2_reports.Reports:
    """Order and read reports."""
    return p2_reports.Reports(api, limits.report_seconds)


@pytest.fixture(scope="session")
def world(import_file: Any, reports: p2_reports.Reports) -> World:
    """Import sales of March and May 2005, some of products with hostile names, and have a report built about each."""
    prefix = f"M6{secrets.token_hex(2)}"
    sales = [
        *p2_reports.sales(f"{prefix}-MARCH", MARCH[0], 31, secrets.randbits(32)),
        *p2_reports.sales(f"{prefix}-MAY", MAY[0], 28, secrets.randbits(32)),
    ]
    imported = import_file(as_csv(sales))
    if imported.job["counts"]["processed"] != len(sales):
        blocked(f"a file of {len(sales)} clean sales ends with {imported.job['counts']}", by="acceptance.m4.cleaning")
    first = reports.order(*MARCH, timezone=ZONE, title=p2_reports.HOSTILE_TITLE)
    second = reports.order(*MAY)
    return World(reports, imported.source, prefix, reports.built(first), reports.built(second))


@pytest.mark.parametrize("case", ["agrees", "one-year", "before-that", "unchanged", "accept", "refused"])
def test_csv_report(request: pytest.FixtureRequest, case: str) -> None:
    """A CSV report agrees with the analytics.

    A report is ordered, asked for too early, compared with the analytics line by line, and compared again after more
    sales have come in: what was handed on must not change.
    """
    reports: p2_reports.Reports = request.getfixturevalue("reports")
    if case == "one-year":
        _one_year_is_built_in_time(reports, request.getfixturevalue("big_import"))
        return
    world: World = request.getfixturevalue("world")
    match case:
        case "agrees":
            expect(world.march["title"], p2_reports.HOSTILE_TITLE, "A report has the title that it was given.")
            expect(world.may["title"], "Sales 2005-05-01 to 2005-05-31", "A report without a title gets one.")
            for report in (world.march, world.may):
                _csv_agrees(reports, report)
        case "before-that":
            _too_early_is_a_conflict(request.getfixturevalue("app"), reports)
        case "unchanged":
            _later_sales_change_nothing(world, request.getfixturevalue("import_file"))
        case "accept":
            _accept_decides(world)
        case "refused":
            _impossible_reports_are_refused(reports)


def _csv_agrees(reports: p2_reports.Reports, report: dict[str, Any]) -> None:
    response = reports.csv(report)
    disposition = response.headers.get("content-disposition", "")
    assert re.match(r"attachment\s*;.*filename", disposition), (
        f"The CSV should be an attachment with a file name; Content-Disposition is {disposition!r}."
    )
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8"), newline="")))
    expect(rows[0], HEADER, "The CSV begins with the header of the contract.")
    daily, summary = reports.analytics("daily", report), reports.analytics("summary", report)
    lines = [[str(day[column]) for column in HEADER] for day in daily["items"]]
    expect(rows[1:], lines, "The CSV has one line a day, with the figures of analytics/daily.")
    assert summary["orders"] > 0, "There are sales in these days; the analytics should say so."
    sums = [sum(Decimal(row[column]) for row in rows[1:]) for column in (1, 2, 3)]
    expect(
        sums,
        [Decimal(str(summary[name])) for name in HEADER[1:4]],
        "Revenue, orders and units of the days add up to those of analytics/summary.",
    )


def _one_year_is_built_in_time(reports: p2_reports.Reports, big: Any) -> None:
    report = reports.ordered_and_built("2015-01-01", "2015-12-31")
    rows = list(csv.DictReader(io.StringIO(reports.csv(report).text)))
    expect(len(rows), 365, "A report over a year has a line for each day.")
    actual = (sum(int(row["orders"]) for row in rows), sum((Decimal(row["revenue"]) for row in rows), Decimal()))
    expect(actual, (big.rows, big.total), "It is about all 100,000 sales.")


def _too_early_is_a_conflict(app: Any, reports: p2_reports.Reports) -> None:
    with p2_database.nobody_reads_sales(app):  # nobody can read the sales now, so the report can't be ready
        report = reports.order(*MAY, title="Too early")
        for accept in ("text/csv", "text/html"):
            response = reports.read(report, accept)
            expect(response.status_code, 409, f"{accept} of a report that isn't completed is a conflict.")
            _is_problem(response)
        assert reports.state(report)["status"] in ("pending", "processing"), "Its state can be asked for meanwhile."
    reports.built(report)
    expect(reports.csv(report).status_code, 200, "When it is completed, it can be read.")


def _later_sales_change_nothing(world: World, import_file: Any) -> None:
    reports = world.reports
    before = reports.csv(world.may).content, NONCE.sub(b"", reports.html(world.may).content)
    was = reports.analytics("summary", world.may)
    import_file(as_csv(p2_reports.sales(f"{world.prefix}-LATE", MAY[0], 28, 1)), source=world.source)
    assert reports.analytics("summary", world.may)["orders"] == was["orders"] + 52, "More was sold in these days."
    after = reports.csv(world.may).content, NONCE.sub(b"", reports.html(world.may).content)
    expect(after[0], before[0], "The CSV of a completed report stays as it was when more sales come in.")
    assert after[1] == before[1], "The page of a completed report stays as it was when more sales come in."
    newer = reports.ordered_and_built(*MAY)
    assert reports.csv(newer).content != before[0], "A new report about the same days knows the later sales."


def _accept_decides(world: World) -> None:
    offered = {
        "*/*": "application/json",
        "application/json": "application/json",
        "text/csv": "text/csv",
        BROWSER_ACCEPT: "text/html",
        "text/html;q=0.4, text/csv;q=0.9, application/json;q=0.1": "text/csv",
        "application/pdf, text/*;q=0.1, text/csv;q=0": "text/html",
    }
    for accept, kind in offered.items():
        response = world.reports.read(world.march, accept)
        found = (response.status_code, response.headers.get("content-type", "").partition(";")[0])
        expect(found, (200, kind), f"Accept: {accept} should be answered with {kind}.")
    response = world.reports.read(world.march, "application/pdf")
    expect(response.status_code, 406, "A type that isn't offered is not acceptable.")
    _is_problem(response)


def _impossible_reports_are_refused(reports: p2_reports.Reports) -> None:
    for start, end in (("2005-03-02", "2005-03-01"), ("2004-12-31", "2006-01-01"), ("2005-02-29", "2005-03-01")):
        response = reports.api.post(p2_reports.PATH, json={"start": start, "end": end})
        expect(response.status_code, 422, f"A report from {start} to {end} should be refused.")
        _is_problem(response)
    reports.order("2004-01-01", "2004-12-31")  # 366 days are not too many
    response = reports.api.get(f"{p2_reports.PATH}/{uuid.uuid4()}")
    expect(response.status_code, 404, "There is no report with an id that nobody was given.")
    _is_problem(response)


def _is_problem(response: httpx2.Response) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0]
    expect(kind, "application/problem+json", "An error is a problem.")


@pytest.mark.parametrize("case", ["totals", "tables", "names-are-text"])
def test_html_report(world: World, case: str) -> None:
    """An HTML report agrees with the analytics.

    The page is parsed: each total, and each table beside a chart, must say what the analytics say. Markup in a name
    that came from a file must be text on it.
    """
    page = p2_document.read(world.reports.html(world.march).text)
    match case:
        case "totals":
            _totals_agree(page, world.reports.analytics("summary", world.march))
        case "tables":
            _tables_agree(page, world.reports, world.march)
        case "names-are-text":
            _names_are_text(page)


def _totals_agree(page: p2_document.Element, summary: dict[str, Any]) -> None:
    found = {name: {e.text for e in elements} for name, elements in page.having("data-metric").items()}
    assert summary["orders"] > 0, "There are sales in these days; the analytics should say so."
    expect(
        {name: found.get(name) for name in METRICS},
        {name: {str(summary[name])} for name in METRICS},
        "Each data-metric is the figure of analytics/summary.",
    )


def _tables_agree(page: p2_document.Element, reports: p2_reports.Reports, report: dict[str, Any]) -> None:
    summary = reports.analytics("summary", report)
    expected = {
        "daily": [[day["date"], day["revenue"]] for day in reports.analytics("daily", report)["items"]],
        "by_region": [[part["key"], part["revenue"]] for part in summary["by_region"]],
        "top-products": [[p["product_name"], p["revenue"]] for p in reports.analytics("top-products", report)["items"]],
    }
    tables = list(page.all("table"))
    for name, rows in expected.items():
        assert len(rows) > 2, f"There are sales in these days; {name} should have rows."
        assert any(p2_document.has_rows(table, rows) for table in tables), (
            f"One of the {len(tables)} tables on the page should hold the rows of {name}, in order: {rows[:3]} …"
        )


def _names_are_text(page: p2_document.Element) -> None:
    shown = page.text
    for name in (p2_reports.HOSTILE_TITLE, *p2_reports.HOSTILE_NAMES):
        assert name in shown, f"{name!r} should be seen on the page as it stands."
    made = [e.tag for e in page.all("script", "img", "u") if "ran" in str(e) or e.tag == "u"]
    expect(made, [], "No name from a file becomes an element of the page.")


SEEN = """charts => Object.fromEntries(charts.map(name => {
  const svgs = [...document.querySelectorAll(`[data-chart="${name}"]`)]
    .flatMap(e => e.matches('svg') ? [e] : [...e.querySelectorAll('svg')]);
  const titles = svgs.map(svg => svg.querySelector('title')?.textContent.trim() ?? '');
  const shapes = svgs.flatMap(svg => [...svg.querySelectorAll('rect,path,circle,ellipse,polygon,polyline,line')])
    .filter(e => {
      const box = e.getBoundingClientRect(), style = getComputedStyle(e);
      const painted = (style.fill !== 'none' && style.fillOpacity > 0) ||
                      (style.stroke !== 'none' && style.strokeOpacity > 0);
      return box.width > 0 && box.height > 0 && painted && style.visibility === 'visible' && style.opacity > 0;
    });
  return [name, {titles, shapes: shapes.length}];
}))"""
WIDTH = "() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"


class Visit:
    """A page in the browser, with all that it complained about and asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self.requests.append(request.url))

    def _dialog(self, dialog: Any) -> None:
        self.errors.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, url: str) -> None:
        """Go there; raises AssertionError unless it is answered with 200."""
        answer = self.page.goto(url, wait_until="load", timeout=10_000)
        expect(answer.status, 200, "The page should open in a browser.")


@pytest.fixture
def visit(browser: Any, token: str, width: int) -> Iterator[Visit]:
    """A browser window of some width that sends the token."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, extra_http_headers={"Authorization": f"Bearer {token}"}
    )
    yield Visit(context.new_page())
    context.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_charts_render(app: Any, world: World, visit: Visit, width: int) -> None:
    """The charts render in a real browser.

    Chromium opens the page at the width of a desk and of a telephone: three charts are drawn from the figures, nothing
    scrolls sideways, nothing is asked of another host, and no name from a file runs.
    """
    base = app.url("api")
    visit.open(f"{base}{p2_reports.PATH}/{world.march['id']}")
    seen = visit.page.evaluate(SEEN, list(CHARTS))
    for name in CHARTS:
        titles = seen[name]["titles"]
        assert any(titles), f"The chart {name} should be an SVG with a <title>; its titles are {titles}."
        assert seen[name]["shapes"] > 0, f"The chart {name} should draw a shape of more than 0 × 0 px at {width} px."
    wide = visit.page.evaluate(WIDTH)
    assert wide <= width, f"The page should not scroll sideways at {width} px; it is {wide} px wide."
    expect(visit.page.evaluate("() => window.ran ?? null"), None, "No name from a file may run as a script.")
    expect(visit.errors, [], "The browser's console shows no error.")
    elsewhere = [url for url in visit.requests if not url.startswith((f"{base}/", "data:"))]
    expect(elsewhere, [], "The page asks nobody else for anything.")
    _drawings_differ(world)


def _drawings_differ(world: World) -> None:
    """Two months with different sales can't have the same picture: what is drawn comes from the figures."""
    drawn = []
    for report in (world.march, world.may):
        charts = p2_document.read(world.reports.html(report).text).having("data-chart")
        drawn.append({name: [d for e in charts.get(name, []) for d in e.drawing()] for name in CHARTS})
    same = [name for name in CHARTS if drawn[0][name] == drawn[1][name]]
    expect(same, [], "Reports about different sales should not show the same drawing.")


@pytest.mark.parametrize("case", ["login", "list", "page"])
def test_reports_behind_login(world: World, app: Any, client: Any, admin: httpx2.Client, case: str) -> None:
    """Reports are listed in Django behind a login.

    Whoever is not logged in is sent to the login. After it the list shows every report, newest first, and its links
    lead to pages with the same figures as those of the API.
    """
    page = _listed(admin)
    links = [link for link in page.all("a") if p2_reports.HOSTILE_TITLE in link.text]
    assert links, "The list should have a link to each report, with its title."
    target = httpx2.URL(app.url("admin")).join("/reports/").join(links[0].attributes["href"]).raw_path.decode()
    match case:
        case "login":
            stranger = client(app.url("admin"))
            for path in ("/reports/", target):
                response = stranger.get(path)
                expect(response.status_code, 302, f"{path} without a login should lead to it.")
                place = httpx2.URL(response.headers["location"]).path
                expect(place, "/admin/login/", f"{path} should lead to the login.")
        case "list":
            text = page.text
            newest_first = [text.find(title) for title in (world.may["title"], p2_reports.HOSTILE_TITLE)]
            assert -1 < newest_first[0] < newest_first[1], "The list shows every report, the newest first."
            assert "completed" in text.lower(), "The list shows the state of each report."
            assert "2005" in text, "The list shows the days that each report is about."
        case "page":
            response = admin.get(target, follow_redirects=True)
            expect(response.status_code, 200, "The link of the list leads to the report.")
            shown = p2_document.read(response.text)
            _totals_agree(shown, world.reports.analytics("summary", world.march))
            _tables_agree(shown, world.reports, world.march)
            _names_are_text(shown)


def _listed(admin: httpx2.Client) -> p2_document.Element:
    response = admin.get("/reports/")
    expect(response.status_code, 200, "Who is logged in should see the list of reports.")
    return p2_document.read(response.text)
