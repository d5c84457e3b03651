"""The scorecard as JUnit XML: a suite a milestone, a test case a check.

Partial, failed and blocked checks are failures (they cost points), not-yet-known ones are errors, and what is not
counted (not applicable, waived, advisory findings) is skipped with its reason.
"""

from __future__ import annotations

from xml.etree import ElementTree

from checks.model import Finding, Scorecard, State, percent
from checks.reports import words
from checks.reports.text import TITLE, clean, clean_path

_FAILURES = (State.FAIL, State.PARTIAL, State.BLOCKED)
_TAGS = {State.ERROR: "error", State.NOT_APPLICABLE: "skipped", State.WAIVED: "skipped"}


def render(scorecard: Scorecard) -> str:
    """Return the XML document."""
    suites = [_suite(group) for group in words.groups(scorecard)]
    root = ElementTree.Element("testsuites", name=clean(f"{scorecard.subject.name} {scorecard.project}", TITLE))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    root.set("time", f"{scorecard.seconds:.3f}")
    for suite in suites:
        suite.set("timestamp", clean(scorecard.graded_at, 40).removesuffix("Z"))
        root.append(suite)
    ElementTree.indent(root)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(group: words.Group) -> ElementTree.Element:
    if group.milestone:
        name = f"{clean(group.milestone.id, 40)} {clean(group.title, TITLE)}"
    else:
        name = f"{clean(group.title, 60)} (not scored)"
    suite = ElementTree.Element("testsuite", name=name)
    cases = [_case(finding) for finding in group.findings]
    suite.set("tests", str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0.000")
    suite.extend(cases)
    return suite


def _case(finding: Finding) -> ElementTree.Element:
    verdict = finding.verdict
    case = ElementTree.Element(
        "testcase", classname=clean(finding.family, 60), name=clean(finding.id, TITLE), time="0.000"
    )
    if verdict.locations:
        first = verdict.locations[0]
        case.set("file", clean_path(first.path))
        if first.line is not None:
            case.set("line", str(first.line))
    if verdict.state is State.PASS:
        return case
    tag = _TAGS.get(verdict.state, "failure")
    label = words.LABELS[verdict.state]
    if finding.advisory:
        tag, label = "skipped", f"advisory, {label}"
    outcome = ElementTree.SubElement(case, tag, message=f"{label}: {words.blocked_sentence(finding)}")
    if tag != "skipped":
        outcome.set("type", verdict.state.value)
        outcome.text = "\n".join(_details(finding))
    return case


def _details(finding: Finding) -> list[str]:
    verdict = finding.verdict
    lines = [clean(finding.title, TITLE), words.blocked_sentence(finding)]
    lines += [f"at {words.place(at)}" for at in verdict.locations[:20]]
    if verdict.expected is not None:
        lines.append(f"expected {clean(verdict.expected, 240)}")
    if verdict.actual is not None:
        lines.append(f"actual {clean(verdict.actual, 240)}")
    if verdict.state is State.PARTIAL:
        lines.append(f"earned {percent(verdict.credit)} of its points")
    if verdict.state in _FAILURES:
        lines.append(f"repair: {clean(verdict.repair or finding.repair)}")
    return lines
