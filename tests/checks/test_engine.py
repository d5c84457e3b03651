"""Evidence by type: once each, in order, in parallel, and no failure spreads."""

import os
import signal
import threading
import time
from dataclasses import dataclass

import pytest

from checks.engine import Collector, collector, judge, order
from checks.model import Blocked, Check, NotMeasured, State, Verdict, check, passed


@dataclass(frozen=True)
class Seed:
    value: int


@dataclass(frozen=True)
class Doubled:
    value: int


@dataclass(frozen=True)
class Summed:
    value: int


def double(seed: Seed) -> Doubled:
    """Doubling the seed."""
    return Doubled(seed.value * 2)


def add(seed: Seed, doubled: Doubled) -> Summed:
    """Adding it up."""
    return Summed(seed.value + doubled.value)


def register(*items: Collector) -> dict[type, Collector]:
    return {item.produces: item for item in items}


def a_check(kind: type, id_: str = "a.check") -> Check:
    def rule(evidence: object) -> Verdict:
        """Title.

        Explanation.

        Repair.
        """
        return passed(repr(evidence))

    rule.__annotations__["evidence"] = kind
    return check(id_, effort="small")(rule)


ALL = register(collector(double), collector(add))


def test_a_collector_is_described_by_its_annotations() -> None:
    found = collector(add)
    assert (found.produces, found.needs, found.label) == (Summed, (Seed, Doubled), "Adding it up")


def test_a_collector_without_annotations_is_refused() -> None:
    with pytest.raises(TypeError, match="annotate"):
        collector(lambda seed: seed)


def test_evidence_comes_after_what_it_needs() -> None:
    assert [c.produces for c in order([Summed], ALL, [Seed])] == [Doubled, Summed]


def test_evidence_that_nobody_produces_is_named() -> None:
    with pytest.raises(LookupError, match="Seed"):
        order([Seed], ALL, [])


def test_collectors_that_need_each_other_are_named() -> None:
    def back(summed: Summed) -> Doubled:
        return Doubled(summed.value)

    with pytest.raises(RecursionError, match="Summed → Doubled → Summed"):
        order([Summed], register(collector(back), collector(add)), [Seed])


def test_a_verdict_is_a_function_of_collected_evidence() -> None:
    verdicts, evidence = judge([a_check(Summed)], ALL, {Seed: Seed(7)})
    assert verdicts["a.check"].reason == "Summed(value=21)"
    assert evidence[Doubled] == Doubled(14)


def test_each_kind_is_collected_once_and_only_when_asked_for() -> None:
    calls: list[str] = []

    def counted(seed: Seed) -> Doubled:
        calls.append("doubled")
        return Doubled(seed.value)

    def unwanted(seed: Seed) -> Summed:
        calls.append("summed")
        return Summed(seed.value)

    judge(
        [a_check(Doubled, "a.one"), a_check(Doubled, "a.two")],
        register(collector(counted), collector(unwanted)),
        {Seed: Seed(1)},
    )
    assert calls == ["doubled"]


def test_independent_evidence_is_collected_side_by_side() -> None:
    barrier = threading.Barrier(2, timeout=10)

    def one(seed: Seed) -> Doubled:
        barrier.wait()
        return Doubled(seed.value)

    def two(seed: Seed) -> Summed:
        barrier.wait()
        return Summed(seed.value)

    rules = [a_check(Doubled, "a.one"), a_check(Summed, "a.two")]
    verdicts, _ = judge(rules, register(collector(one), collector(two)), {Seed: Seed(1)})
    assert {v.state for v in verdicts.values()} == {State.PASS}


def test_one_worker_is_enough_for_a_chain_of_needs() -> None:
    verdicts, _ = judge([a_check(Summed)], ALL, {Seed: Seed(1)}, workers=1)
    assert verdicts["a.check"].state is State.PASS


def test_evidence_that_cannot_be_had_puts_its_checks_in_error_and_no_other() -> None:
    def offline(seed: Seed) -> Doubled:
        raise NotMeasured("no network")

    rules = [a_check(Doubled, "a.one"), a_check(Seed, "a.two")]
    verdicts, evidence = judge(rules, register(collector(offline)), {Seed: Seed(1)})
    assert (verdicts["a.one"].state, verdicts["a.one"].reason) == (State.ERROR, "no network")
    assert not verdicts["a.one"].internal
    assert verdicts["a.two"].state is State.PASS
    assert Doubled not in evidence


def test_a_missing_prerequisite_blocks_also_what_depends_on_it() -> None:
    def stuck(seed: Seed) -> Doubled:
        raise Blocked("no lock file", by="tests.lock")

    verdicts, _ = judge([a_check(Summed)], register(collector(stuck), collector(add)), {Seed: Seed(1)})
    assert (verdicts["a.check"].state, verdicts["a.check"].blocked_by) == (State.BLOCKED, "tests.lock")


def test_a_crash_in_one_rule_is_that_rules_verdict() -> None:
    @check("a.crash", effort="small")
    def crashes(seed: Seed) -> Verdict:
        """Title.

        Explanation.

        Repair.
        """
        raise ZeroDivisionError(f"{seed.value} by zero")

    verdicts, _ = judge([crashes, a_check(Seed, "a.fine")], {}, {Seed: Seed(1)})
    assert verdicts["a.fine"].state is State.PASS
    assert verdicts["a.crash"].internal
    assert "judging a.crash: ZeroDivisionError: 1 by zero (test_engine.py:" in verdicts["a.crash"].reason


def test_a_crash_in_a_collector_is_an_internal_error_of_its_checks() -> None:
    def crashes(seed: Seed) -> Doubled:
        raise KeyError("x")

    verdicts, _ = judge([a_check(Doubled)], register(collector(crashes)), {Seed: Seed(1)})
    assert verdicts["a.check"].internal
    assert "collecting Doubled" in verdicts["a.check"].reason


def test_a_static_grading_executes_nothing_and_says_so() -> None:
    def run(seed: Seed) -> Doubled:
        raise AssertionError("executed")

    verdicts, _ = judge([a_check(Doubled)], register(collector(run, executes=True)), {Seed: Seed(1)}, static=True)
    assert verdicts["a.check"].state is State.ERROR
    assert "static" in verdicts["a.check"].reason


def test_progress_tells_start_and_end_of_each_collection() -> None:
    seen: list[tuple[str, bool]] = []
    judge([a_check(Doubled)], ALL, {Seed: Seed(1)}, progress=lambda label, done: seen.append((label, done)))
    assert seen == [("Doubling the seed", False), ("Doubling the seed", True)]


def test_an_interrupt_is_passed_on_when_the_collectors_under_way_have_cleaned_up() -> None:
    done = []

    def slow(seed: Seed) -> Doubled:
        """Slowly."""
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)  # as the person at the terminal would, meanwhile
        time.sleep(0.2)
        done.append("cleaned up")
        return Doubled(seed.value)

    def never(doubled: Doubled) -> Summed:
        """Not begun."""
        done.append("begun")
        return Summed(doubled.value)

    with pytest.raises(KeyboardInterrupt):
        judge([a_check(Summed)], register(collector(slow), collector(never)), {Seed: Seed(1)}, workers=1)
    assert done == ["cleaned up"]
