"""The few visual elements of the terminal report: colours, bars, headings."""

from __future__ import annotations

from fractions import Fraction

from checks.model import State, Status
from checks.reports._layout import Stack, Text

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
    return (
        Text("━" * filled, level(share))
        .append("╍" * hatched, "cyan")
        .append("─" * (width - filled - hatched), "dim")
    )  # fmt: skip


def heading(title: str) -> Stack:
    """Return a section heading with a line before it."""
    return Stack(Text(), Text(title, "bold underline"))
