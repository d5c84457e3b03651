"""The geometry of the charts: figures in, rectangles out.

Widths are percentages, so that a chart fills any page while its letters keep their size; heights are pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

PLOT_HEIGHT = 180
LONGEST_LABEL = 40
_STEPS = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))
_MOST_LABELS = 6
_MOST_DAYS_NAMED = 62


@dataclass(frozen=True)
class Column:
    """An upright bar; `x` and `width` in percent of the plot, `height` in pixels from its bottom."""

    x: Decimal
    width: Decimal
    height: Decimal
    tooltip: str


@dataclass(frozen=True)
class Tick:
    """A label below the plot, at `x` percent, or beside it, `y` pixels above its bottom."""

    position: Decimal
    label: str


@dataclass(frozen=True)
class ColumnChart:
    """Bars over days."""

    columns: tuple[Column, ...]
    days: tuple[Tick, ...]
    values: tuple[Tick, ...]


@dataclass(frozen=True)
class Bar:
    """A lying bar with its label and value; `width` in percent."""

    label: str
    value: str
    width: Decimal


def columns(values: Sequence[tuple[date, Decimal]]) -> ColumnChart:
    """Draw a bar for each day that isn't zero."""
    top = ceiling(max((value for _, value in values), default=Decimal(0)))
    step = Decimal(100) / max(len(values), 1)
    bars = tuple(
        Column(
            x=_rounded(number * step + step / 10),
            width=_rounded(step * 8 / 10),
            height=_rounded(value / top * PLOT_HEIGHT),
            tooltip=f"{day}: {value:.2f}",
        )
        for number, (day, value) in enumerate(values)
        if value
    )
    days = [day for day, _ in values]
    labels = tuple(Tick(_rounded(number * step), label) for number, label in _day_labels(days))
    scale = tuple(Tick(_rounded(PLOT_HEIGHT * part), f"{top * part:,.0f}") for part in (Decimal("0.5"), Decimal(1)))
    return ColumnChart(bars, labels, scale if bars else ())


def bars(values: Sequence[tuple[str, Decimal]]) -> tuple[Bar, ...]:
    """Draw a bar for each value, as wide as its share of the largest."""
    largest = max((value for _, value in values), default=Decimal(0)) or Decimal(1)
    return tuple(Bar(_shortened(label), f"{value:.2f}", _rounded(value * 100 / largest)) for label, value in values)


def ceiling(value: Decimal) -> Decimal:
    """Give the least of 1, 2, 5, 10, 20, 50 … that isn't below the value: a scale that people can divide."""
    power = Decimal(1)
    while value > power * 10:
        power *= 10
    return next(power * step for step in _STEPS if value <= power * step)


def _day_labels(days: Sequence[date]) -> list[tuple[int, str]]:
    """Name the first of each month in a long range, and some of the days in a short one.

    None near the right edge, where it would leave the plot.
    """
    if len(days) > _MOST_DAYS_NAMED:
        labels = [(number, f"{day:%b}") for number, day in enumerate(days) if day.day == 1]
        room = 92  # percent: "Dec" takes the rest on a small screen
    else:
        every = max(1, -(-len(days) // _MOST_LABELS))
        labels = [(number, f"{day.day} {day:%b}") for number, day in enumerate(days) if number % every == 0]
        room = 86
    return [(number, label) for number, label in labels if number * 100 <= len(days) * room]


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1].rstrip()}…"


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.001"))
