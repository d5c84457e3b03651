from __future__ import annotations

from fractions import Fraction

import pytest
from defusedxml import ElementTree

from checks.reports.badge import _COLOURS, colour, render, render_badge

from . import samples

SVG = "{http://www.w3.org/2000/svg}"


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_badge_shows_the_score_and_tells_it_to_screen_readers() -> None:
    root = ElementTree.fromstring(render(samples.scorecard()))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "scorecard: 61.0 % provisional"
    assert root.findtext(f"{SVG}title") == "scorecard: 61.0 % provisional"
    assert [t.text for t in root.iter(f"{SVG}text")] == ["scorecard", "61.0 % provisional"]
    assert "provisional" not in render(samples.perfect())


def test_a_copy_of_the_reference_says_so_and_loses_the_colour_of_its_score() -> None:
    badge = render(samples.copied())
    assert "100.0 % by the reference solution" in badge
    assert _COLOURS[0][1] not in badge


@pytest.mark.parametrize(
    ("share", "index"), [("1", 0), ("9/10", 0), ("8999/10000", 1), ("1/2", 2), ("1/4", 3), ("0", 4)]
)
def test_the_colour_follows_the_score(share: str, index: int) -> None:
    assert colour(Fraction(share)) == _COLOURS[index][1]


@pytest.mark.parametrize("value", [value for _, value in _COLOURS] + ["#3d444d"])
def test_white_text_is_readable_on_every_colour(value: str) -> None:
    assert 1.05 / (luminance(value) + 0.05) >= 4.5


def test_texts_are_escaped_cleaned_and_cut() -> None:
    badge = render_badge(samples.HOSTILE, "\x1b[1m<b>&\"'", '"><script>')
    root = ElementTree.fromstring(badge)
    assert {e.tag.removeprefix(SVG) for e in root.iter()} == {"svg", "title", "clipPath", "rect", "g", "text"}
    assert [t.text for t in root.iter(f"{SVG}text")][1] == "<b>&\"'"
    assert int(root.get("width") or 0) < 700


def test_a_longer_text_makes_a_wider_badge() -> None:
    widths = [
        int(ElementTree.fromstring(render_badge("a", text, "#000")).get("width"))
        for text in ("i", "m", "日本", "mmmmm")
    ]
    assert widths == sorted(widths)
    assert len(set(widths)) == 4
