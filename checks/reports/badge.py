"""The score as a small SVG badge of the flat kind that repositories show."""

from __future__ import annotations

from fractions import Fraction
from html import escape

from checks.model import Scorecard, percent
from checks.reports.text import clean

# Each colour carries white text with a contrast of at least 4.5 (WCAG 2.2, 1.4.3).
_COLOURS = (
    (Fraction(9, 10), "#1a7f37"),
    (Fraction(3, 4), "#56761a"),
    (Fraction(1, 2), "#8a6100"),
    (Fraction(1, 4), "#b14a00"),
    (Fraction(0), "#b3261e"),
)
# Widths in a sans-serif of 11 pixels, roughly: narrow, wide and all other characters.
_NARROW, _WIDE = "fijlrtI1!|.,:;'()[] ", "mwMW%@"


def render(scorecard: Scorecard) -> str:
    """Return the badge: the score, and whether it is provisional or earned by the reference solution."""
    if scorecard.largely_reference:
        return render_badge("scorecard", f"{percent(scorecard.score)} by the reference solution", _COLOURS[-1][1])
    message = percent(scorecard.score) + (" provisional" if scorecard.provisional else "")
    return render_badge("scorecard", message, colour(scorecard.score))


def colour(share: Fraction) -> str:
    """Return the colour for a share of the points."""
    return next(value for least, value in _COLOURS if share >= least)


def render_badge(label: str, message: str, background: str) -> str:
    """Return a badge with `label` on the left and `message` on the `background` colour on the right."""
    label, message = clean(label, 40), clean(message, 40)
    left, right = _measure(label) + 12, _measure(message) + 12
    title = escape(f"{label}: {message}")
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">
  <title>{title}</title>
  <clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{left}" height="20" fill="#3d444d"/>
    <rect x="{left}" width="{right}" height="20" fill="{escape(background)}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">
    <text x="{left / 2:g}" y="14" textLength="{left - 12}">{escape(label)}</text>
    <text x="{left + right / 2:g}" y="14" textLength="{right - 12}">{escape(message)}</text>
  </g>
</svg>
"""


def _measure(text: str) -> int:
    return round(sum(4.2 if c in _NARROW else 10.4 if c in _WIDE else 11.0 if ord(c) > 0x2E80 else 6.9 for c in text))
