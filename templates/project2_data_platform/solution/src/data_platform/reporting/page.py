"""Reports as pages. The API and the Django process show what these functions give, so they can't differ."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from data_platform.reporting import charts
from data_platform.reporting.document import Document

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
# The page may use its own style sheet and nothing else: no script, no font, no image, no form, no frame around it.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": f"{CONTENT_SECURITY_POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# Everything that a template prints is escaped; what may be markup has to say so.
_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(
    style=Markup(_STYLE),  # noqa: S704  (our own file)
    policy=CONTENT_SECURITY_POLICY,
    plot_height=charts.PLOT_HEIGHT,
)


class Entry(Protocol):
    """A report in the list, done or not."""

    id: UUID
    title: str
    start: date
    end: date
    timezone: str
    status: str
    error: str | None
    created_at: datetime


def render_report(document: Document) -> str:
    """Give the page of a finished report."""
    figures = document.figures
    return _environment.get_template("report.html").render(
        report=document,
        summary=figures.summary.model_dump(mode="json"),
        daily=[day.model_dump(mode="json") for day in figures.daily],
        products=[product.model_dump(mode="json") for product in figures.top_products],
        daily_chart=charts.columns([(day.date, day.revenue) for day in figures.daily]),
        region_chart=charts.bars([(share.key, share.revenue) for share in figures.summary.by_region]),
        product_chart=charts.bars([(product.product_name, product.revenue) for product in figures.top_products]),
    )


def render_list(entries: Sequence[Entry], page: int = 1, pages: int = 1) -> str:
    """Give a page of the list of reports."""
    return _environment.get_template("list.html").render(entries=entries, page=page, pages=pages)


def render_unfinished(report: Entry) -> str:
    """Give the page of a report that can't be shown, or not yet."""
    return _environment.get_template("unfinished.html").render(report=report)
