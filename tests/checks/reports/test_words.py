from __future__ import annotations

from fractions import Fraction

from checks.model import FileCoverage, Location, State, Subject, SuiteSummary
from checks.reports import words

from . import samples


def test_the_measured_points_leave_out_what_is_not_yet_known() -> None:
    card = samples.scorecard()
    assert words.unknown_points(card.milestones, card) == 5
    assert words.measured_sentence(card) == "61.0 of 95 measured points, 5 not yet known"
    assert words.checks_sentence(card) == "15 of 17 checks measured, 2 not yet known"


def test_a_complete_measurement_says_so() -> None:
    card = samples.perfect()
    assert words.measured_sentence(card) == "100 of 100 measured points, 0 not yet known"
    assert words.checks_sentence(card) == "17 of 17 checks measured"


def test_each_finding_is_in_its_milestone_or_in_its_family() -> None:
    card = samples.scorecard()
    found = words.groups(card)
    assert [g.milestone.id if g.milestone else g.title for g in found] == [
        "m1", "m2", "m3", "m4", "m5", "m6", "m9", "m10", "history",
    ]  # fmt: skip
    assert sorted(f.id for g in found for f in g.findings) == sorted(f.id for f in card.findings)


def test_what_costs_points_comes_first() -> None:
    ship = next(g for g in words.groups(samples.scorecard()) if g.milestone and g.milestone.id == "m10")
    assert [f.verdict.state for f in ship.findings] == [
        State.FAIL, State.ERROR, State.ERROR, State.PASS, State.WAIVED,
    ]  # fmt: skip
    assert ship.count(State.ERROR, State.PASS) == 3


def test_lines_are_told_as_ranges() -> None:
    assert words.line_ranges((3, 4, 5, 9, 12, 13)) == "3–5, 9, 12–13"
    assert words.line_ranges(range(1, 20, 2), 2) == "1, 3 and 8 more"
    assert words.line_ranges(()) == ""


def test_the_worst_files_have_the_most_lines_without_a_test() -> None:
    files = words.worst_files(samples.COVERAGE, 2)
    assert [f.path for f in files] == ["src/data_platform/worker/tasks.py", "src/data_platform/worker/legacy_sync.py"]
    assert len(words.worst_files(samples.COVERAGE)) == 7


def test_a_file_without_executable_lines_is_covered() -> None:
    assert words.file_share(FileCoverage("empty.py", 0, 0)) == 1
    assert words.file_share(FileCoverage("half.py", 2, 1)) == Fraction(1, 2)


def test_the_subject_says_where_the_tree_comes_from() -> None:
    card = samples.scorecard()
    assert words.subject_sentence(card) == "main @ 4f2c1e98b7, 2 files differ from the commit"
    one = card._replace(subject=card.subject._replace(dirty=1, branch=None))
    assert words.subject_sentence(one) == "4f2c1e98b7, 1 file differs from the commit"
    assert (
        words.subject_sentence(card._replace(subject=Subject("x", None, None, "d", 0, 1)))
        == "not under version control"
    )
    fresh = card._replace(subject=Subject("x", None, "main", "d", 0, 1))
    assert words.subject_sentence(fresh) == "main, nothing committed yet"


def test_the_tests_sentence_names_only_what_happened() -> None:
    assert words.tests_sentence(SuiteSummary(1200, 0, 0, 0, 3.0)) == "1,200 passed in 3.0 s"
    assert words.tests_sentence(SuiteSummary(1, 2, 3, 4, 0.25)) == "1 passed, 2 failed, 3 in error, 4 skipped in 0.2 s"


def test_a_place_has_a_line_where_one_is_known() -> None:
    assert words.place(Location("a b/ü.py", 3)) == "a b/ü.py:3"
    assert words.place(Location("Dockerfile")) == "Dockerfile"
