"""Reports as CSV and as pages: pure functions of figures."""

from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest

from data_platform.analytics.figures import DailyMetrics, Metrics, RankedProduct, Share
from data_platform.jobs import JobStatus
from data_platform.operational import Report
from data_platform.reporting import page
from data_platform.reporting.document import Document, ReportFigures, ReportNotReadyError, open_document
from data_platform.reporting.table import as_csv

HOSTILE = "<script>alert(1)</script>"


def share(key: str, revenue: str) -> Share:
    return Share(key=key, revenue=Decimal(revenue), orders=2, units=3)


def totals(revenue: str = "59.70") -> dict[str, Any]:
    return {
        "revenue": Decimal(revenue),
        "orders": 2,
        "units": 3,
        "average_order_value": Decimal("29.85"),
        "unique_customers": 2,
        "new_customers": 1,
        "returning_customers": 1,
    }


def document(title: str = "March", days: int = 2, product: str = "Field guide") -> Document:
    start = date(2026, 3, 1)
    return Document(
        id=UUID("3f0d7e55-7d0c-4c0b-8d3b-8f6b5b1f2c10"),
        title=title,
        start=start,
        end=start + timedelta(days=days - 1),
        timezone="Europe/Berlin",
        completed_at=datetime(2026, 4, 1, 6, 5, tzinfo=UTC),
        figures=ReportFigures(
            summary=Metrics(
                **totals(),
                by_region=(share("North", "40.00"), share("South", "19.70")),
                by_category=(share(HOSTILE, "59.70"),),
                by_payment_method=(share("card", "59.70"),),
            ),
            daily=(
                DailyMetrics(date=start, **totals()),
                *(DailyMetrics(date=start + timedelta(days=number)) for number in range(1, days)),
            ),
            top_products=(
                RankedProduct(
                    rank=1,
                    product_id="P-1",
                    product_name=product,
                    category="Books",
                    revenue=Decimal("39.80"),
                    orders=1,
                    units=2,
                ),
            ),
        ),
    )


class Reader(HTMLParser):
    """What a page says: totals, tables of each chart, shapes, and every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.metrics: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.titles: dict[str, list[str]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in {"meta", "link", "rect", "line"}:
            self._open.append((tag, attributes))
        if tag == "tr":
            self.tables.setdefault(self._chart(), []).append([])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"meta", "link", "rect", "line"}:
            assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if not self._open:
            return
        tag, attributes = self._open[-1]
        metric = attributes.get("data-metric")
        if metric:
            self.metrics[metric] = data
        elif tag in {"td", "th"}:
            self.tables[self._chart()][-1].append(data)
        elif tag == "title" and self._chart():
            self.titles.setdefault(self._chart(), []).append(data)

    def _chart(self) -> str:
        return next((attributes["data-chart"] or "" for _, attributes in self._open if "data-chart" in attributes), "")


def test_the_csv_has_a_line_a_day_below_the_names_of_the_columns() -> None:
    assert as_csv(document()) == (
        "date,revenue,orders,units,average_order_value,unique_customers,new_customers,returning_customers\r\n"
        "2026-03-01,59.70,2,3,29.85,2,1,1\r\n"
        "2026-03-02,0.00,0,0,0.00,0,0,0\r\n"
    )


def test_the_page_has_every_total_as_the_summary_states_it() -> None:
    assert Reader(page.render_report(document())).metrics == {
        "revenue": "59.70",
        "orders": "2",
        "units": "3",
        "average_order_value": "29.85",
        "unique_customers": "2",
        "new_customers": "1",
        "returning_customers": "1",
    }


def test_each_chart_has_its_figures_in_a_table() -> None:
    read = Reader(page.render_report(document()))
    columns = ["Revenue", "Orders", "Units"]
    customers = ["Average order value", "Unique customers", "New customers", "Returning customers"]
    assert {chart: read.tables[chart] for chart in ("daily-revenue", "revenue-by-region", "top-products")} == {
        "daily-revenue": [
            ["Date", *columns, *customers],
            ["2026-03-01", "59.70", "2", "3", "29.85", "2", "1", "1"],
            ["2026-03-02", "0.00", "0", "0", "0.00", "0", "0", "0"],
        ],
        "revenue-by-region": [["Region", *columns], ["North", "40.00", "2", "3"], ["South", "19.70", "2", "3"]],
        "top-products": [
            ["Rank", "Product", "Product id", "Category", *columns],
            ["1", "Field guide", "P-1", "Books", "39.80", "1", "2"],
        ],
    }


def test_each_chart_is_drawn_and_has_a_title() -> None:
    read = Reader(page.render_report(document()))
    assert read.titles == {
        "daily-revenue": ["Revenue by day from 2026-03-01 to 2026-03-02", "2026-03-01: 59.70"],
        "revenue-by-region": ["Revenue by region"],
        "top-products": ["The products with the most revenue"],
    }
    shapes = [attributes for tag, attributes in read.tags if tag == "rect" and attributes["class"] == "bar"]
    assert [(shape["x"], shape["y"], shape["width"], shape["height"]) for shape in shapes] == [
        ("5.000%", "92.540", "40.000%", "107.460"),
        ("0", "22", "100.000%", "10"),
        ("0", "22", "100.000%", "10"),
        ("0", "64", "49.250%", "10"),
    ]


def test_a_report_of_nothing_says_so() -> None:
    nothing = ReportFigures(summary=Metrics(), daily=(DailyMetrics(date=date(2026, 3, 1)),), top_products=())
    text = page.render_report(Document(**{**document().__dict__, "figures": nothing}))
    assert text.count("Nothing was sold.") == 3
    assert Reader(text).metrics["revenue"] == "0.00"


def test_markup_in_titles_and_names_is_shown_and_not_run() -> None:
    text = page.render_report(document(title=f'{HOSTILE}" onload="x', product=f"{HOSTILE}&amp;"))
    tags = [tag for tag, _ in Reader(text).tags]
    assert "script" not in tags
    assert "onload" not in {name for _, attributes in Reader(text).tags for name in attributes}
    assert Reader(text).tables["top-products"][1][1] == f"{HOSTILE}&amp;"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;" in text


def test_the_page_asks_nobody_for_anything_and_may_run_only_its_own_style() -> None:
    text = page.render_report(document())
    tags = Reader(text).tags
    assert not {tag for tag, _ in tags} & {"script", "img", "iframe", "object", "embed", "form"}
    assert [attributes["href"] for tag, attributes in tags if tag == "link"] == ["data:,"]
    assert not [attributes for _, attributes in tags if "src" in attributes or "style" in attributes]
    assert "@import" not in text
    assert "url(" not in text
    style = text.partition("<style>")[2].partition("</style>")[0]
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; img-src data:; base-uri 'none'; form-action 'none'"
    assert [attributes["content"] for tag, attributes in tags if tag == "meta" and "http-equiv" in attributes] == [
        policy
    ]
    assert {
        "Content-Security-Policy": f"{policy}; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    } == page.HEADERS


def stored(status: JobStatus) -> Report:
    figures = document().figures.model_dump(mode="json")
    moment = datetime(2026, 4, 1, 6, 5, tzinfo=UTC)
    return Report(
        id=document().id,
        title="March",
        start=date(2026, 3, 1),
        end=date(2026, 3, 2),
        timezone="Europe/Berlin",
        status=status,
        error="The disk is full." if status == JobStatus.FAILED else None,
        figures=figures if status == JobStatus.COMPLETED else None,
        created_at=moment,
        completed_at=moment if status in (JobStatus.COMPLETED, JobStatus.FAILED) else None,
    )


def test_a_stored_report_is_the_report_that_was_computed() -> None:
    assert open_document(stored(JobStatus.COMPLETED)) == document()


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.FAILED])
def test_what_is_not_completed_can_not_be_opened(status: JobStatus) -> None:
    with pytest.raises(ReportNotReadyError) as refusal:
        open_document(stored(status))
    assert str(refusal.value) == f"The report is {status}; only a completed one can be shown."


def test_the_page_of_an_unfinished_report_says_how_it_is() -> None:
    waiting = page.render_unfinished(stored(JobStatus.PROCESSING))
    assert '<span class="state processing">processing</span>. Look again in a moment.' in waiting
    assert '<span class="state failed">failed</span>: The disk is full.' in page.render_unfinished(
        stored(JobStatus.FAILED)
    )


def test_the_list_links_each_report_with_its_range_and_state() -> None:
    report = stored(JobStatus.COMPLETED)
    report.title = "<b>March</b>"
    text = page.render_list([report])
    assert Reader(text).tables[""][1:] == [["2026-03-01 to 2026-03-02", "Europe/Berlin", "2026-04-01 06:05 UTC"]]
    assert f'<a href="/reports/{report.id}/">&lt;b&gt;March&lt;/b&gt;</a>' in text
    assert '<span class="state completed">completed</span>' in text
    assert "rel=" not in text.partition("<main>")[2]


@pytest.mark.parametrize(("number", "links"), [(1, ["?page=2"]), (2, ["?page=1", "?page=3"]), (3, ["?page=2"])])
def test_a_long_list_has_pages(number: int, links: list[str]) -> None:
    text = page.render_list([stored(JobStatus.PENDING)], number, 3)
    assert f"Page {number} of 3" in text
    found = [attributes["href"] for tag, attributes in Reader(text).tags if tag == "a" and "rel" in attributes]
    assert found == links


def test_an_empty_list_says_so() -> None:
    assert "No report has been ordered yet." in page.render_list([])
