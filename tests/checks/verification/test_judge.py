"""What a verification makes of scorecards."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from checks.acceptance.scenarios import Scenario
from checks.model import (
    Assurance,
    Effort,
    Finding,
    MetricResult,
    MilestoneScore,
    Scorecard,
    ScoredCheck,
    Status,
    Subject,
    Verdict,
    blocked,
    failed,
    partial,
    passed,
    unknown,
)
from checks.verification import judge
from checks.verification.faults import Fault
from scaffolder.projects import find_project

FINE, BAD = passed("fine"), failed("bad")
FAULT = Fault("float", "Money as floats", "a.two", ("a.three", "m9"), "")


def card(*metrics: MetricResult, **verdicts: Verdict) -> Scorecard:
    """A scorecard of the checks a.<name> in milestone m1, those starting with x in m9, and forge_y as forge.y."""
    findings = [
        Finding(_id(name), name, "", "", Effort.SMALL, verdict, advisory=name.startswith("advisory"))
        for name, verdict in verdicts.items()
    ]
    milestones = []
    for id_, chosen in (
        ("m1", [f for f in findings if ".x" not in f.id]),
        ("m9", [f for f in findings if ".x" in f.id]),
    ):
        scored = tuple(ScoredCheck(f.id, 1, Fraction(1), f.verdict.credit) for f in chosen)
        earned = sum((s.earned for s in scored), Fraction(0))
        milestones.append(MilestoneScore(id_, id_, 1, "", None, Fraction(len(scored)), earned, scored))
    subject = Subject("repo", None, None, "", 0, 1)
    possible = sum((m.possible for m in milestones), Fraction(0))
    earned = sum((m.earned for m in milestones), Fraction(0))
    return Scorecard(
        "tiny", "Tiny", subject, "2026-01-01T00:00:00Z", "0", Assurance.SELF, earned, possible, tuple(milestones),
        metrics, tuple(findings), (),
    )  # fmt: skip


def _id(name: str) -> str:
    return name.replace("_", ".", 1) if name.startswith("forge_") else f"a.{name}"


def test_the_starter_may_earn_its_baseline_and_not_a_point_more() -> None:
    quarter = card(one=FINE, two=BAD, three=BAD, four=BAD)
    assert judge.starter(quarter, 25).held
    assert not judge.starter(quarter, 24).held


def test_the_solution_must_earn_all_that_can_be_measured_offline() -> None:
    good = judge.solution(card(one=FINE, forge_ci=unknown("no network"), advisory_x=BAD))
    assert good.held
    assert good.seen == "every point of 1 of 2 checks; not yet known: forge.ci"


def test_a_lost_point_a_check_without_measure_and_a_metric_not_met_are_named() -> None:
    metric = MetricResult("t.cov", "90 %", "technical", Status.NOT_MET, "a.one")
    result = judge.solution(card(metric, one=partial(Fraction(1, 2), "half"), two=unknown("no browser"), three=FINE))
    assert not result.held
    assert result.seen == "a.one: half; a.two could not be measured: no browser; metric t.cov is not met"


def test_repeated_scorecards_agree_on_states_and_credits_whatever_their_words() -> None:
    assert judge.repeated([card(one=passed("1.2 s")), card(one=passed("1.3 s"))]).held
    flaky = judge.repeated([card(one=FINE, two=FINE), card(one=FINE, two=FINE), card(one=FINE, two=BAD)])
    assert (flaky.held, flaky.seen) == (False, "different: a.two")


def outcome(**after: Verdict) -> judge.Outcome:
    before = judge.states(card(one=FINE, two=FINE, three=FINE, xtra=FINE))
    return judge.fault(FAULT, before, card(**after))


def test_a_fault_is_caught_when_its_check_loses_credit() -> None:
    result = outcome(one=FINE, two=partial(Fraction(9, 10), "1 of 10 cases"), three=FINE, xtra=FINE)
    assert (result.held, result.seen) == (True, "a.two: 1 of 10 cases")


def test_a_fault_that_its_check_does_not_see_is_missed() -> None:
    assert outcome(one=FINE, two=FINE, three=BAD).seen == "missed: a.two still says pass"


def test_what_is_named_may_lose_as_well_by_id_or_by_milestone() -> None:
    assert outcome(one=FINE, two=BAD, three=BAD, xtra=BAD).held


def test_another_check_that_loses_is_a_false_alarm() -> None:
    result = outcome(one=failed("why me"), two=BAD)
    assert (result.held, result.seen) == (False, "false alarm: a.one: why me")


def test_what_waits_for_the_faults_check_is_no_false_alarm() -> None:
    assert outcome(one=blocked("waits", by="a.two"), two=BAD).held
    assert not outcome(one=blocked("waits", by="xtra.other"), two=BAD).held


def test_a_check_that_could_be_measured_before_and_cannot_now_is_a_false_alarm() -> None:
    assert not outcome(one=unknown("no answer"), two=BAD).held


def test_a_fault_of_an_unknown_check_is_not_caught() -> None:
    assert outcome(one=BAD).seen == "there is no check a.two"


def test_plan_and_scenarios_must_name_the_same_things() -> None:
    project = find_project("project2")
    planned = [c for m in project.milestones for c in m.checks if c.id.startswith("acceptance.")]
    written = [Scenario(c.id, c.title, "", Path("x"), 1) for c in planned]
    assert judge.plan_and_scenarios(project, written).held
    other = Scenario(planned[0].id, "Something else", "", Path("x"), 1)
    extra = Scenario("acceptance.m1.extra", "Extra", "", Path("x"), 1)
    seen = judge.plan_and_scenarios(project, [other, *written[2:], extra]).seen
    assert f"{planned[1].id} has no scenario" in seen
    assert "acceptance.m1.extra is in no milestone" in seen
    assert f"{planned[0].id} is called 'Something else'" in seen


def test_a_fault_whose_check_was_not_judged_is_not_caught() -> None:
    before = judge.states(card(two=FINE))
    for verdict in (blocked("the application does not boot", by="a.boots"), unknown("no browser")):
        outcome = judge.fault(FAULT, before, card(two=verdict))
        assert (outcome.held, outcome.seen) == (False, f"not judged: a.two: {verdict.reason}")
