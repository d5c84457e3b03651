"""Reads the record that `inside/ruby/launch.rb` keeps of a run, and says whether it hangs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.formats.junit import SIZE_LIMIT, TestCase
from checks.sandbox import Completed

_FIELD, _RECORD = "\x1f", "\x1e"
_OUTCOMES = frozenset({"passed", "failed", "error", "skipped"})


@dataclass(frozen=True, slots=True)
class Record:
    """What was told of a run. `exit` is None when it did not come to its end; `running` names the test it was in."""

    cases: tuple[TestCase, ...] = ()
    collected: tuple[str, ...] = ()
    deselected: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    running: str = ""
    stopped: str = ""
    exit: int | None = None

    @property
    def unran(self) -> tuple[str, ...]:
        """Collected tests that have no outcome and that the repository's configuration did not drop."""
        known = {case.id for case in self.cases} | set(self.deselected)
        return tuple(name for name in self.collected if name not in known)


def read_record(path: Path) -> Record | None:
    """Return the record of a run, or None when it wrote none. The file may be hostile.

    Raises ValueError when it can't be read.
    """
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ValueError(f"the record of the run is larger than {SIZE_LIMIT >> 20} MiB")
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
    cases: list[TestCase] = []
    names: dict[str, list[str]] = {"collected": [], "deselected": [], "expected": []}
    running = stopped = ""
    code: int | None = None
    for line in text.split(_RECORD)[:-1]:
        kind, *fields = line.split(_FIELD)
        match kind:
            case "collected" | "deselected" | "expected":
                names[kind] += fields
            case "began":
                running = fields[0] if fields else ""
            case "ended":
                cases.append(_case(fields))
                running = ""
            case "outside":
                cases.append(_outside(fields))
            case "stopped":
                stopped = fields[0] if fields else "without a word"
            case "exit":
                code = int("".join(fields))
    collected, deselected, expected = (tuple(names[k]) for k in ("collected", "deselected", "expected"))
    return Record(tuple(cases), collected, deselected, expected, running, stopped, code)


def _case(fields: Sequence[str]) -> TestCase:
    if len(fields) != 6 or fields[3] not in _OUTCOMES:
        raise ValueError("the record of the run cannot be read")
    id_, group, name, outcome, seconds, message = fields
    return TestCase(name, group, outcome, max(0.0, float(seconds or 0)), message, id=id_)


def _outside(fields: Sequence[str]) -> TestCase:
    context, message = (*fields, "", "")[:2]
    return TestCase(context.strip().rstrip("."), "", "error", message=message)


def disagreement(record: Record | None, done: Completed) -> str:
    """Say how exit code and record contradict each other or the run stopped early; empty if they agree."""
    if record is None:
        how = f"with exit code {done.exit}" if done.exit is not None else "by force"
        return f"the run ended {how} before it was over"
    if record.stopped:
        return f"the run was stopped from within: {record.stopped}"
    if record.exit is None:
        where = f", in {record.running}" if record.running else ""
        return f"the run ended with exit code {done.exit} before it was over{where}"
    if not record.cases:
        return "no tests were run" if record.collected else "no tests were collected"
    bad = sum(case.outcome in ("failed", "error") for case in record.cases)
    if record.exit != done.exit or (done.exit == 0) != (bad == 0):
        return f"exit code {done.exit} contradicts the report of {bad} failures"
    return ""
