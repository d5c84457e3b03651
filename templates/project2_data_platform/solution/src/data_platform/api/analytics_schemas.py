"""Answers of the analytics routes: the figures, and what they are figures of."""

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel

from data_platform.analytics.figures import DailyMetrics, Metrics, RankedProduct, Ranking, Segment


class RangeRead(BaseModel):
    """The range that was asked for."""

    start: date
    end: date
    timezone: str


class SummaryRead(Metrics, RangeRead):
    """Totals over a range."""


class DailyMetricsRead(RangeRead):
    """Totals of each day of a range."""

    items: Sequence[DailyMetrics]


class TopProductsRead(RangeRead):
    """The products of a range, best first."""

    by: Ranking
    items: Sequence[RankedProduct]


class SegmentsRead(BaseModel):
    """The customers as of a day."""

    as_of: date
    timezone: str
    items: Sequence[Segment]
