"""JUnit XML, as pytest, RSpec and Jest write it, read into one type. The file may be hostile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZE_LIMIT = 64 << 20  # bytes of a report; a million plain cases fit


class ReportProblem(Exception):
    """A report is missing, too large, or not what its format says."""


@dataclass(frozen=True, slots=True)
class TestCase:
    """One test and its outcome: ``passed``, ``failed``, ``error`` or ``skipped``, with the reason it gave.

    `id` is what its runner calls it, where that can't be told from group and name.
    """

    __test__ = False

    name: str
    group: str
    outcome: str
    seconds: float = 0.0
    message: str = ""
    file: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class JUnitReport:
    """All cases of a report, in its order."""

    cases: tuple[TestCase, ...] = ()

    def count(self, outcome: str) -> int:
        """Return how many cases ended so."""
        return sum(case.outcome == outcome for case in self.cases)


_OUTCOMES = {"failure": "failed", "error": "error", "skipped": "skipped"}
_WORST = ("error", "failed", "skipped", "passed")


def read(path: Path) -> JUnitReport:
    """Read a report.

    Raises ReportProblem when it is missing, larger than the limit, not XML, or uses entities.
    """
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ReportProblem(f"the test report is larger than {SIZE_LIMIT >> 20} MiB")
        with path.open("rb") as stream:
            return JUnitReport(tuple(_cases(ElementTree.iterparse(stream, events=("end",), forbid_dtd=True))))
    except FileNotFoundError:
        raise ReportProblem("no test report was written") from None
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise ReportProblem(f"the test report cannot be read: {type(error).__name__}: {error}") from error


def _cases(events: Iterator[tuple[str, Any]]) -> Iterator[TestCase]:
    for _, element in events:
        if element.tag != "testcase":
            continue
        outcome, message = "passed", ""
        for child in element:
            found = _OUTCOMES.get(child.tag)
            if found is not None and _WORST.index(found) < _WORST.index(outcome):
                outcome, message = found, child.get("message") or (child.text or "")[:2000]
        name, group, file = (str(element.get(key) or "") for key in ("name", "classname", "file"))
        yield TestCase(name, group, outcome, _seconds(element.get("time")), message[:2000], file)
        element.clear()


def _seconds(text: str | None) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e9 else 0.0  # also refuses nan
