"""A scenario's cases become one verdict."""

from __future__ import annotations

from fractions import Fraction

from checks.acceptance.outcome import Case, Outcome
from checks.evidence.acceptance import AcceptanceRun
from checks.model import State, Verdict
from checks.rules.acceptance import scenario_check

CHECK = scenario_check(
    "acceptance.m4.known-rejects", "The rejects are known", "docs/milestones/m4.md", "Forty defects."
)
FINE = Case("", Outcome.PASSED, seconds=1.25)


def judged(*cases: Case, problem: str = "", log: str = "") -> Verdict:
    found = {CHECK.id: cases} if cases else {"acceptance.m1.processes-boot": (FINE,)}
    return CHECK(AcceptanceRun(found, 2.0, problem, log))


def test_all_cases_passed_is_a_pass() -> None:
    verdict = judged(FINE, Case("two", Outcome.PASSED))
    assert (verdict.state, verdict.reason, verdict.actual) == (State.PASS, "It does, in 2 cases.", "1.2 s")


def test_the_credit_is_the_share_of_cases_that_passed() -> None:
    wrong = Case("semicolons", Outcome.FAILED, "500 rows are read.", "500", "0", "GET /api/v1/jobs/1 → 200")
    verdict = judged(FINE, wrong, Case("excel", Outcome.PASSED))
    assert (verdict.state, verdict.credit) == (State.PARTIAL, Fraction(2, 3))
    assert verdict.reason == ("1 of 3 cases fail. [semicolons] 500 rows are read. Seen at: GET /api/v1/jobs/1 → 200")
    assert (verdict.expected, verdict.actual) == ("500", "0")


def test_a_scenario_of_one_case_that_fails_earns_nothing() -> None:
    verdict = judged(Case("", Outcome.FAILED, "It is not there."))
    assert (verdict.state, verdict.credit, verdict.reason) == (State.FAIL, 0, "It is not there.")


def test_only_the_first_failures_are_told_and_the_rest_counted() -> None:
    verdict = judged(*(Case(str(n), Outcome.FAILED, "no.") for n in range(5)))
    assert verdict.reason == "5 of 5 cases fail. [0] no. [1] no. [2] no. And 2 more."


def test_a_case_that_is_blocked_blocks_unless_another_fails() -> None:
    waits = Case("", Outcome.BLOCKED, "no file can be imported", by="acceptance.m3.upload-becomes-job")
    verdict = judged(FINE, waits)
    assert (verdict.state, verdict.blocked_by) == (State.BLOCKED, "acceptance.m3.upload-becomes-job")
    assert judged(waits, Case("", Outcome.FAILED, "wrong")).state is State.FAIL


def test_what_could_not_be_found_out_is_not_yet_known() -> None:
    verdict = judged(FINE, Case("", Outcome.UNKNOWN, "there is no browser"))
    assert (verdict.state, verdict.reason, verdict.internal) == (State.ERROR, "there is no browser", False)


def test_a_scenario_that_is_wrong_itself_is_the_graders_fault() -> None:
    verdict = judged(Case("", Outcome.FAILED, "wrong"), Case("", Outcome.CRASHED, "KeyError: 'x'"))
    assert (verdict.state, verdict.internal) == (State.ERROR, True)


def test_a_scenario_that_was_not_reached_fails_and_names_what_came_last() -> None:
    verdict = judged(problem="the scenarios did not end within 600 s and were ended", log="last words")
    assert verdict.state is State.FAIL
    assert verdict.reason == (
        "It was not reached: the scenarios did not end within 600 s and were ended after acceptance.m1.processes-boot."
    )
    assert verdict.actual == "last words"


def test_a_scenario_that_is_not_there_is_not_yet_known() -> None:
    assert judged().state is State.ERROR


def test_the_repair_leads_to_the_milestones_document_and_to_the_command_that_tries_again() -> None:
    assert "docs/milestones/m4.md" in CHECK.repair
    assert "check --only m4" in CHECK.repair
    assert CHECK.explanation.startswith("Forty defects.")
