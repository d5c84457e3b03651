from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import pytest

from checks.reports import FORMATS, render

from . import samples

_LAZY = """
import sys
import checks.reports as reports
assert list(reports.FORMATS) == ["terminal", "json", "markdown", "html", "junit", "sarif", "badge"]
assert "html" in reports.FORMATS and len(reports.FORMATS) == 7
import checks.reports.document
loaded = [name for name in ("rich", "jinja2", "checks.reports.html") if name in sys.modules]
assert not loaded, loaded
"""


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("card", [samples.scorecard(), samples.empty(), samples.perfect(), samples.hostile()])
def test_every_format_renders_every_scorecard_as_text_that_utf8_can_write(name: str, card: object) -> None:
    text = render(name, card)  # type: ignore[arg-type]
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    text.encode("utf-8")
    assert "\x1b" not in text


def test_an_unknown_format_is_a_key_error() -> None:
    assert "pdf" not in FORMATS
    with pytest.raises(KeyError):
        render("pdf", samples.scorecard())


def test_a_format_is_loaded_when_it_is_asked_for() -> None:
    subprocess.run([sys.executable, "-c", _LAZY], check=True, timeout=60)


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_score_just_below_a_round_figure_never_reads_as_it(name: str) -> None:
    text = render(name, samples.scorecard(earned=Fraction(8999, 100), possible=Fraction(100)))
    assert "90.0" not in text


@pytest.mark.parametrize("name", ["terminal", "markdown", "html"])
def test_a_milestone_in_which_nothing_applies_says_so(name: str) -> None:
    first, *rest = samples.scorecard().milestones
    nothing = first._replace(possible=Fraction(0), earned=Fraction(0), checks=())
    text = render(name, samples.scorecard(milestones=(nothing, *rest)))
    assert "nothing applies" in text or "nothing in it applies" in text


@pytest.mark.parametrize("name", ["terminal", "markdown", "html"])
def test_tests_and_coverage_are_told_apart(name: str) -> None:
    only_tests = render(name, samples.scorecard(coverage=None, findings=(), milestones=(), next_steps=()))
    only_lines = render(name, samples.scorecard(tests=None, findings=(), milestones=(), next_steps=()))
    assert "214 passed" in only_tests
    assert "1,306" not in only_tests
    assert "214 passed" not in only_lines
    assert "1,306" in only_lines
