"""Verdicts become points: exact shares, honest denominators, ranked repairs."""

from collections.abc import Callable
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from checks import scoring
from checks.model import (
    Check,
    Effort,
    Location,
    State,
    Status,
    Verdict,
    blocked,
    failed,
    not_applicable,
    partial,
    passed,
    unknown,
)
from checks.scoring import PlannedMetric, PlannedMilestone, Weighted


def rule(id_: str, effort: str = "small", *, advisory: bool = False) -> Check:
    def judge() -> Verdict:
        raise AssertionError("scoring judges nothing")

    return Check(id_, f"Title of {id_}", "Why.", f"Repair {id_}.", Effort(effort), (), judge, advisory)


def milestone(*checks: Weighted, id_: str = "m1", points: int = 10) -> PlannedMilestone:
    return PlannedMilestone(id_, "Foundations", 3, "docs/m1.md", None, points, checks)


def scored(
    plan: list[PlannedMilestone], verdicts: dict[str, Verdict], rules: list[Check] | None = None
) -> tuple[tuple[scoring.MilestoneScore, ...], tuple[scoring.Finding, ...]]:
    known = {r.id: r for r in rules or [rule(id_) for id_ in verdicts]}
    results = scoring.findings(plan, known, verdicts)
    return scoring.score(plan, results), results


A, B, C = Weighted("a.one", 1), Weighted("a.two", 2), Weighted("a.three", 3)
FINE, BAD = passed("fine"), failed("bad")


def test_points_are_divided_by_weight_exactly() -> None:
    (result,), _ = scored([milestone(A, B)], {"a.one": FINE, "a.two": BAD})
    assert (result.earned, result.possible) == (Fraction(10, 3), 10)
    assert result.share == Fraction(1, 3)


def test_partial_credit_earns_its_share() -> None:
    (result,), _ = scored([milestone(A)], {"a.one": partial(Fraction(2, 7), "some")})
    assert result.earned == Fraction(20, 7)


def test_what_does_not_apply_leaves_the_denominator() -> None:
    verdicts = {"a.one": FINE, "a.two": not_applicable("no database"), "a.three": Verdict(State.WAIVED, "agreed")}
    (result,), _ = scored([milestone(A, B, C)], verdicts)
    assert result.earned == result.possible == 10


def test_blocked_and_unknown_stay_in_the_denominator_and_earn_nothing() -> None:
    verdicts = {"a.one": FINE, "a.two": blocked("no tests", by="a.one"), "a.three": unknown("no network")}
    (result,), _ = scored([milestone(A, B, C)], verdicts)
    assert result.earned == Fraction(10, 6)


def test_a_milestone_in_which_nothing_applies_leaves_the_project() -> None:
    (result,), _ = scored([milestone(A)], {"a.one": not_applicable("no database")})
    assert result.possible == result.earned == result.share == 0


def test_a_planned_check_that_nothing_measures_is_not_yet_known_never_passed() -> None:
    plan = [milestone(A, Weighted("acceptance.m1.boots", 3, "It boots"), Weighted("a.gone", 1))]
    (result,), findings = scored(plan, {"a.one": FINE})
    assert result.earned == 2
    found = {f.id: f for f in findings}
    assert found["acceptance.m1.boots"].title == "It boots"
    assert found["acceptance.m1.boots"].verdict.state is State.ERROR
    assert "no acceptance scenario" in found["acceptance.m1.boots"].verdict.reason
    assert found["acceptance.m1.boots"].repair.startswith("Work through docs/m1.md")
    assert "does not measure it yet" in found["a.gone"].verdict.reason


def test_a_known_check_that_was_not_run_is_not_yet_known() -> None:
    _, findings = scored([milestone(A)], {}, [rule("a.one")])
    assert findings[0].verdict.state is State.ERROR


def test_rules_outside_the_plan_and_advisory_rules_never_score() -> None:
    rules = [rule("a.one"), rule("a.two", advisory=True), rule("b.extra")]
    (result,), findings = scored([milestone(A, B)], {"a.one": FINE, "a.two": BAD, "b.extra": BAD}, rules)
    assert result.earned == result.possible == 10
    assert {f.id for f in findings if f.advisory} == {"a.two", "b.extra"}


def test_steps_are_ranked_by_points_for_effort() -> None:
    rules = [rule("a.one", "large"), rule("a.two", "small"), rule("a.three", "medium")]
    milestones, findings = scored([milestone(A, B, C)], {"a.one": BAD, "a.two": BAD, "a.three": BAD}, rules)
    steps = scoring.next_steps(milestones, findings)
    assert [s.check_id for s in steps] == ["a.two", "a.three", "a.one"]


def test_a_blocker_gains_what_it_blocks() -> None:
    verdicts = {"a.one": BAD, "a.two": blocked("first the tests", by="a.one"), "a.three": FINE}
    milestones, findings = scored([milestone(A, B, C)], verdicts)
    (step,) = scoring.next_steps(milestones, findings)
    assert (step.check_id, step.gain) == ("a.one", 5)


def test_open_work_keeps_the_plans_order_between_rewarding_and_petty_failures() -> None:
    first, second = Weighted("acceptance.m1.z", 1, "Z"), Weighted("acceptance.m2.a", 9, "A")
    plan = [milestone(first), milestone(second, id_="m2"), milestone(A, id_="m3"), milestone(B, id_="m4", points=1)]
    rules = [rule("a.one", "small"), rule("a.two", "large")]
    milestones, findings = scored(plan, {"a.one": BAD, "a.two": BAD}, rules)
    steps = [s.check_id for s in scoring.next_steps(milestones, findings)]
    assert steps == ["a.one", "acceptance.m1.z", "acceptance.m2.a", "a.two"]


def test_what_the_grader_could_not_find_out_is_no_step_but_an_open_scenario_is() -> None:
    plan = [milestone(A, Weighted("acceptance.m1.boots", 1, "It boots"), Weighted("forge.deployed", 1, "Deployed"))]
    milestones, findings = scored(plan, {"a.one": unknown("no network")})
    assert [s.check_id for s in scoring.next_steps(milestones, findings)] == ["acceptance.m1.boots"]


def test_checks_that_block_each_other_do_not_loop() -> None:
    verdicts = {"a.one": blocked("second", by="a.two"), "a.two": blocked("first", by="a.one")}
    milestones, findings = scored([milestone(A, B)], verdicts)
    assert sum(s.gain for s in scoring.next_steps(milestones, findings)) == 10


def test_a_step_shows_the_verdicts_own_repair_and_place() -> None:
    verdict = failed("bad", Location("Dockerfile", 4), repair="Change line 4.")
    milestones, findings = scored([milestone(A)], {"a.one": verdict})
    (step,) = scoring.next_steps(milestones, findings)
    assert (step.repair, str(step.location)) == ("Change line 4.", "Dockerfile:4")


def metric_status(*checks: str, **verdicts: Verdict) -> tuple[Status, str]:
    _, findings = scored([milestone(A, B, C)], {f"a.{k}": v for k, v in verdicts.items()})
    (result,) = scoring.measure([PlannedMetric("t.x", "X", "technical", checks)], findings)
    return result.status, result.reason


def test_a_metric_is_met_only_when_all_its_checks_pass() -> None:
    fine: Callable[[], Verdict] = lambda: FINE  # noqa: E731
    assert metric_status("a.one", "a.two", one=fine(), two=FINE, three=BAD)[0] is Status.MET
    assert metric_status("a.one", "a.three", one=FINE, two=FINE, three=BAD) == (Status.NOT_MET, "a.three: bad")


def test_a_metric_with_an_unknown_check_is_not_yet_known_unless_another_fails() -> None:
    offline = unknown("offline")
    assert metric_status("a.one", "a.two", one=FINE, two=offline, three=FINE)[0] is Status.UNKNOWN
    assert metric_status("a.two", "a.three", one=FINE, two=offline, three=BAD)[0] is Status.NOT_MET
    assert metric_status("x.unheard", one=FINE, two=FINE, three=FINE)[0] is Status.UNKNOWN


def test_a_metric_without_checks_is_not_measurable_here() -> None:
    assert metric_status(one=FINE, two=FINE, three=FINE) == (Status.UNKNOWN, "not measurable from one repository")


CREDITS = st.one_of(
    st.just(FINE), st.just(BAD), st.just(not_applicable("-")), st.just(unknown("-")),
    st.fractions(0, 1, max_denominator=50).map(lambda c: partial(c, "part")),
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(1, 9), CREDITS), min_size=1, max_size=8), st.integers(1, 30))
def test_a_milestone_never_earns_more_than_its_points_and_loses_nothing_to_rounding(
    rows: list[tuple[int, Verdict]], points: int
) -> None:
    plan = [milestone(*(Weighted(f"a.n{i}", w) for i, (w, _) in enumerate(rows)), points=points)]
    (result,), _ = scored(plan, {f"a.n{i}": v for i, (_, v) in enumerate(rows)})
    assert 0 <= result.earned <= result.possible <= points
    assert sum(c.possible for c in result.checks) == result.possible
    if any(v.state.counts for _, v in rows):
        assert result.possible == points
