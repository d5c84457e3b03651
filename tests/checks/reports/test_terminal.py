from __future__ import annotations

from fractions import Fraction

import pytest
from rich.cells import cell_len

from checks.model import SuiteSummary
from checks.reports.terminal import render, render_cohort, render_next, render_terminal

from . import samples


def plain(card: object = None, width: int = 100, *, verbose: bool = False) -> str:
    return render_terminal(card or samples.scorecard(), width=width, color=False, verbose=verbose)  # type: ignore[arg-type]


def test_the_report_names_repository_score_assurance_and_what_is_provisional() -> None:
    text = plain()
    for part in (
        "ada-sales-platform", "project2 · Data processing platform", "2 files differ from the commit", "61.0 %",
        "assurance: self", "PROVISIONAL", "15 of 17 checks measured, 2 not yet known", "m10", "87.7 %",
        "src/data_platform/worker/tasks.py", "no test reaches it", "+14", "Use Decimal from the first parse on",
        "2 of 6 met, 3 not yet known", "without network", "measured in 48.2 s",
    ):  # fmt: skip
        assert part in text
    assert render(samples.scorecard()) == text


def test_a_complete_grading_is_not_called_provisional() -> None:
    text = plain(samples.perfect())
    assert "provisional" not in text.lower()
    assert "100.0 %" in text
    assert "kept from an earlier run" in text
    assert "Next steps" not in text


def test_an_empty_repository_has_a_report_too() -> None:
    text = plain(samples.empty(), 60)
    assert "not under version control" in text
    assert "0 of 0 points" in text


@pytest.mark.parametrize("width", [10, 40, 59, 60, 79, 80, 100, 120, 400])
@pytest.mark.parametrize("verbose", [True, False])
def test_no_line_is_wider_than_the_terminal(width: int, verbose: bool) -> None:
    for card in (samples.scorecard(), samples.hostile(), samples.hostile("日本語" * 400), samples.empty()):
        longest = max(cell_len(line) for line in plain(card, width, verbose=verbose).splitlines())
        assert longest <= max(40, min(width, 120))


def test_narrow_terminals_lose_columns_and_not_figures() -> None:
    narrowest, narrow, wide = plain(width=40), plain(width=60), plain(width=120)
    assert "10.8/14" in narrowest
    assert "77." in narrowest
    assert "Week" not in narrow
    assert "Due" not in narrow
    assert "10.8/14" in narrow
    assert "2026-12-06" in wide
    assert "44–109" in wide


def test_without_color_there_is_no_escape_sequence_and_with_it_only_the_reports_own() -> None:
    assert "\x1b" not in plain(samples.hostile(), verbose=True)
    colored = render_terminal(samples.scorecard(), width=100, color=True, verbose=False)
    assert "\x1b[1;33m61.0 %" in colored
    hostile = render_terminal(samples.hostile(), width=100, color=True, verbose=True)
    assert "\x1b]" not in hostile
    assert all(rest[:1] == "[" for rest in hostile.split("\x1b")[1:])


@pytest.mark.parametrize("color", [True, False])
def test_hostile_text_is_shown_and_does_nothing(color: bool) -> None:
    text = render_terminal(samples.hostile(), width=100, color=color, verbose=True)
    assert "[bold red]markup[/]" in text
    for bad in ("\x00", "\x07", "\x9b", "\u202e", "\u200b", "\r", "\ud800"):
        assert bad not in text
    assert not any(line.startswith("::") for line in text.splitlines())


@pytest.mark.parametrize("shift", range(12))
def test_a_workflow_runner_finds_no_command_wherever_a_line_is_wrapped(shift: int) -> None:
    card = samples.hostile("x" * shift + " ::error::evil ##[error]evil" * 40)
    for line in render_terminal(card, width=60, color=False, verbose=True).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_verbose_shows_every_finding_with_reason_place_and_figures() -> None:
    text = plain(verbose=True)
    for finding in samples.scorecard().findings:
        assert finding.id in text
    for part in (
        "expected 18,204.55",
        "actual   18,204.53",
        "src/data_platform/pipeline/load.py:112",
        "(repair acceptance.m3.ingest first)",
        "failed, advisory",
        "Waived until 2026-12-31",
        "3 of 7 passed",
    ):
        assert part.replace("3 of 7", "4 of 7") in text
    assert "acceptance.m1.boots" not in plain()


def test_a_full_bar_means_everything_was_earned() -> None:
    almost = samples.scorecard(earned=Fraction(9999, 100), possible=Fraction(100), milestones=())
    line = next(line for line in plain(almost).splitlines() if "━" in line)
    assert line.strip().count("━") == 95
    assert "99.9 %" in plain(almost)


def test_failed_tests_are_not_marked_as_passed() -> None:
    assert "✗ Tests" in plain(samples.scorecard(tests=SuiteSummary(9, 1, 0, 0, 1.0)))
    assert "✗ Tests" in plain(samples.scorecard(tests=SuiteSummary(0, 0, 0, 0, 1.0)))
    assert "✓ Tests" in plain()


def test_a_copy_of_the_reference_is_marked_above_its_score_and_in_the_cohort() -> None:
    text = plain(samples.copied())
    assert "Largely the reference solution: 93.3 % of what was added" in " ".join(text.split())
    assert text.index("Largely the reference") < text.index("100.0 %")
    assert "Largely" in render_next(samples.copied(), width=80, color=False)
    cohort = render_cohort([samples.copied(), samples.scorecard()], width=80, color=False)
    assert "! 100.0 %" in cohort
    assert "! 61.0 %" not in cohort
    assert "largely the reference solution: 1 of 2" in cohort
    assert "argely" not in plain() + plain(samples.empty()) + render_cohort(
        [samples.scorecard()], width=80, color=False
    )


def test_whose_code_it_is_stands_with_the_places_of_the_reference() -> None:
    text = " ".join(plain().split())
    for part in ("33.7 % the untouched starter", "65.3 % the learner’s own", "0.8 % the reference solution’s",
                 "36,553 tokens", "pipeline/rfm.py:31 212"):  # fmt: skip
        assert part in text
    assert "Whose code it is" not in plain(samples.empty())


def test_next_shows_every_step() -> None:
    text = render_next(samples.scorecard(), width=80, color=False)
    assert "tests.planted-bugs" in text
    assert "--next" not in text
    assert "Nothing left to repair." in render_next(samples.perfect(), width=80, color=False)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_cohort_is_one_line_a_repository(width: int) -> None:
    cards = [samples.scorecard(), samples.perfect(), samples.empty(), samples.hostile()]
    text = render_cohort(cards, width=width, color=False)
    assert "4 repositories" in text
    assert sum("%" in line for line in text.splitlines()) == 4
    assert "100.0 %" in text
    assert ("attested" in text) == (width >= 60)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert ("214/214" in text) == (width >= 80)
    assert ("Project" in text) == (width >= 100)
