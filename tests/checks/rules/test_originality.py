"""The rule about whose work it is, and how a copy would try to pass."""

from __future__ import annotations

from checks import model
from checks.evidence.originality import Originality
from checks.model import FileOrigin, Location, OriginalitySummary, State, Verdict
from checks.rules.originality import is_their_own_work

COPIED = OriginalitySummary(5_000, 9_000, 1_000, 10_000, (FileOrigin("src/a.py", 0, 9_000, 1_000, 12),))
OWN = OriginalitySummary(5_000, 40, 9_960, 10_000, (FileOrigin("src/a.py", 0, 40, 9_960, 3),))


def judged(summary: OriginalitySummary | None, *unread: str) -> Verdict:
    return is_their_own_work(Originality(summary, unread))


def test_it_is_told_and_never_scored() -> None:
    assert is_their_own_work.advisory


def test_own_work_passes_and_says_how_much_is_the_references() -> None:
    found = judged(OWN)
    assert found.state is State.PASS
    assert found.actual == "0.4 % of what was added, 0.4 % of the reference"


def test_a_copy_fails_with_its_places() -> None:
    found = judged(COPIED)
    assert found.state is State.FAIL
    assert found.locations == (Location("src/a.py", 12),)
    assert found.expected == "less than 50 %"


def test_code_put_beside_a_copy_does_not_make_it_ones_own() -> None:
    assert judged(COPIED._replace(own=1_000_000)).state is State.FAIL


def test_a_copy_of_everything_in_a_file_too_large_is_not_passed() -> None:
    assert judged(OWN, "src/all.py").state is State.ERROR
    assert judged(COPIED, "src/all.py").state is State.FAIL


def test_a_project_without_a_reference_is_not_judged() -> None:
    found = judged(None)
    assert found.state is State.NOT_APPLICABLE
    assert "no reference solution" in found.reason


def test_an_untouched_starter_is_nobodys_work_to_judge() -> None:
    assert judged(OriginalitySummary(5_000, 0, 0, 10_000)).state is State.NOT_APPLICABLE
    assert judged(OriginalitySummary(5_000, 0, 0, 10_000), "src/all.py").state is State.ERROR


def test_a_few_lines_do_not_mark_a_repository() -> None:
    assert judged(OriginalitySummary(5_000, model.MARKED_TOKENS - 1, 0, 10_000)).state is State.PASS
