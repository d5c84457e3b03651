"""The few visual elements of the terminal report: styles, bars, headings, tables without lines."""

from __future__ import annotations

from fractions import Fraction

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checks.model import State, Status

# Only the sixteen colours of the user's own theme: they are readable on whatever background that theme has.
STATE_STYLES = {
    State.PASS: "green",
    State.PARTIAL: "yellow",
    State.FAIL: "red",
    State.NOT_APPLICABLE: "dim",
    State.BLOCKED: "magenta",
    State.WAIVED: "dim",
    State.ERROR: "cyan",
}
STATUS_STYLES = {Status.MET: "green", Status.NOT_MET: "red", Status.UNKNOWN: "cyan"}


def level(share: Fraction) -> str:
    """Return the colour of a share: what is done, well on its way, or begun."""
    if share >= Fraction(9, 10):
        return "green"
    return "yellow" if share >= Fraction(1, 2) else "red"


def bar(share: Fraction, width: int, *, unknown: Fraction = Fraction(0)) -> Text:
    """Return a bar: earned, then not yet known, then open. It is full only when the share is 1."""
    filled = share.numerator * width // share.denominator
    hatched = min(width - filled, -(-unknown.numerator * width // unknown.denominator))
    return Text.assemble(
        ("━" * filled, level(share)),
        ("╍" * hatched, "cyan"),
        ("─" * (width - filled - hatched), "dim"),
        no_wrap=True,
    )


def heading(title: str) -> Padding:
    """Return a section heading with a line before it."""
    return Padding(Text(title, style="bold underline"), (1, 0, 0, 0))


def grid() -> Table:
    """Return an empty table with dim column heads and no lines."""
    return Table(
        box=box.SIMPLE_HEAD, expand=True, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim", show_edge=False
    )
