"""Rules ask for evidence by type; each kind is collected once and judged; in parallel while commands run.

A collector is a function annotated with what it needs (the repository, the grading session, other evidence) and with
the evidence it returns. Nothing is collected that no selected check asks for.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from checks.model import Blocked, Check, EvidenceError, Verdict, blocked, unknown

Progress = Callable[[str, bool], None]
"""Called with a collector's label when it starts (False) and when it ends (True)."""


class HeadStart(Protocol):
    """Evidence that is being collected already, elsewhere."""

    @property
    def kinds(self) -> frozenset[type]:
        """The types that will come."""

    def evidence(self) -> Mapping[type, object]:
        """Wait, and return the evidence by type; what could not be had is missing."""


class Collector(NamedTuple):
    """How one kind of evidence is had.

    `executes` marks collectors that run the repository's own code: they are left out of a static grading.
    """

    produces: type
    needs: tuple[type, ...]
    function: Callable[..., Any]
    label: str
    executes: bool = False


def collector(function: Callable[..., Any], *, executes: bool = False) -> Collector:
    """Describe a collecting function by its annotations; the first line of its docstring is the progress label.

    Raises TypeError when a parameter or the result is not annotated with a type.
    """
    hints = typing.get_type_hints(function)
    produces = hints.pop("return", None)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    if not isinstance(produces, type) or any(not isinstance(hints.get(name), type) for name in names):
        raise TypeError(f"collector {function.__module__}.{function.__name__}: annotate parameters and result")
    label = (function.__doc__ or function.__name__).strip().split("\n")[0].rstrip(".")
    return Collector(produces, tuple(hints[name] for name in names), function, label, executes)


def order(wanted: Iterable[type], collectors: Mapping[type, Collector], given: Iterable[type]) -> list[Collector]:
    """Return the collectors that `wanted` evidence needs, each after what it needs itself.

    Raises LookupError when nobody produces a type, and RecursionError when collectors need each other.
    """
    known = set(given)
    result: list[Collector] = []
    path: list[type] = []

    def visit(kind: type) -> None:
        if kind in known:
            return
        if kind in path:
            raise RecursionError(" → ".join(k.__name__ for k in [*path, kind]))
        found = collectors.get(kind)
        if found is None:
            raise LookupError(f"no collector produces {kind.__name__}")
        path.append(kind)
        for need in found.needs:
            visit(need)
        path.pop()
        known.add(kind)
        result.append(found)

    for kind in wanted:
        visit(kind)
    return result


def judge(
    checks: Iterable[Check],
    collectors: Mapping[type, Collector],
    given: Mapping[type, object],
    *,
    static: bool = False,
    progress: Progress = lambda _label, _done: None,
    workers: int = 4,
    ahead: HeadStart | None = None,
) -> tuple[dict[str, Verdict], dict[type, object]]:
    """Collect what the checks need, in parallel unless `static`; return each check's verdict, and the evidence by type.

    `ahead` is asked for the evidence that it collects already, once all else that can be had is there and judged.

    Never raises for what happens inside a collector or a rule: evidence that can't be had puts only the checks that
    need it in error (or blocks them), and a crash in one rule costs no other its verdict. Ctrl-C is passed on once the
    collectors under way have ended, and with them their databases and folders.
    """
    selected = list(checks)
    plan = order((need for c in selected for need in c.needs), collectors, given)
    outcomes: dict[type, _Outcome] = {kind: _Outcome(value) for kind, value in given.items()}
    judged: dict[str, Verdict] = {}
    if static:  # in turn: what is only read and parsed would queue for the interpreter's lock
        if ahead is not None:
            for item in plan:
                if item.produces not in ahead.kinds and outcomes.keys() >= {*item.needs}:
                    outcomes[item.produces] = _static(item, outcomes, progress)
            judged = {c.id: _verdict(c, outcomes) for c in selected if outcomes.keys() >= {*c.needs}}
            outcomes |= {kind: _Outcome(value) for kind, value in ahead.evidence().items()}
        for item in plan:
            if item.produces not in outcomes:
                outcomes[item.produces] = _static(item, outcomes, progress)
    else:
        outcomes |= _side_by_side(plan, outcomes, progress, workers)
    verdicts = {c.id: judged.get(c.id) or _verdict(c, outcomes) for c in selected}
    return verdicts, {kind: o.evidence for kind, o in outcomes.items() if o.problem is None}


class _Outcome(NamedTuple):
    """The evidence of a kind, or why it can't be had."""

    evidence: object = None
    problem: BaseException | None = None


def _static(item: Collector, outcomes: Mapping[type, _Outcome], progress: Progress) -> _Outcome:
    if item.executes:
        return _Outcome(problem=Blocked("nothing is executed in a static grading", by="--static"))
    return _collect(item, outcomes.__getitem__, progress)


def _side_by_side(
    plan: Iterable[Collector], given: Mapping[type, _Outcome], progress: Progress, workers: int
) -> dict[type, _Outcome]:
    """Collect while commands of the repository run; a collector waits for what it needs."""
    from concurrent.futures import Future, ThreadPoolExecutor, wait

    futures: dict[type, Future[_Outcome]] = {}

    def outcome(kind: type) -> _Outcome:
        return given[kind] if kind in given else futures[kind].result()

    # Submitted in dependency order to a first-in first-out queue, so a waiting collector's needs always run before it.
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="evidence")
    try:
        for item in plan:
            futures[item.produces] = pool.submit(_collect, item, outcome, progress)
        wait(futures.values())
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C, what waits in the queue is not begun
    return {kind: future.result() for kind, future in futures.items()}


def _collect(item: Collector, outcome: Callable[[type], _Outcome], progress: Progress) -> _Outcome:
    needs = [outcome(need) for need in item.needs]
    missing = next((need.problem for need in needs if need.problem is not None), None)
    if missing is not None:
        return _Outcome(problem=missing)
    progress(item.label, False)
    try:
        return _Outcome(item.function(*(need.evidence for need in needs)))
    except Exception as problem:  # noqa: BLE001 - a collector's crash is a matter of the checks that need it
        return _Outcome(problem=problem)
    finally:
        progress(item.label, True)


def _verdict(item: Check, outcomes: Mapping[type, _Outcome]) -> Verdict:
    for need in item.needs:
        problem = outcomes[need].problem
        if isinstance(problem, Blocked):
            return unknown(str(problem)) if problem.by == "--static" else blocked(str(problem), problem.by)
        if isinstance(problem, EvidenceError):
            return unknown(str(problem))
        if problem is not None:
            return _crash(f"collecting {need.__name__}", problem)
    try:
        verdict = item(*(outcomes[need].evidence for need in item.needs))
    except Exception as problem:  # noqa: BLE001 - a rule's crash is that rule's verdict
        return _crash(f"judging {item.id}", problem)
    return verdict


def _crash(doing: str, problem: BaseException) -> Verdict:
    frame = problem.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = "" if frame is None else f" ({frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno})"
    return unknown(f"the grader failed while {doing}: {type(problem).__name__}: {problem}{where}", internal=True)
