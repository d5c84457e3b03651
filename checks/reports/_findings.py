"""Every finding by family, as the verbose terminal report shows them."""

from __future__ import annotations

from checks.model import Finding, Scorecard, State
from checks.reports import words
from checks.reports._layout import Block, Column, Stack, Table, Text
from checks.reports._look import STATE_STYLES
from checks.reports.text import TITLE, clean

_PLACES = 8
_OPEN = (State.FAIL, State.PARTIAL)


def findings_view(scorecard: Scorecard) -> Block:
    """Return all findings by family, those that cost points first."""
    families: dict[str, list[Finding]] = {}
    for finding in scorecard.findings:
        families.setdefault(finding.family, []).append(finding)
    parts: list[Block] = []
    for family in sorted(families):
        done = sum(f.verdict.state is State.PASS for f in families[family])
        table = Table(Column(), Column(share=1), gap=1)
        for finding in words.by_urgency(families[family]):
            state = finding.verdict.state
            table.add(Text(words.SYMBOLS[state], STATE_STYLES[state]), _finding(finding))
        label = Text(clean(family, 40), "bold").append(f"  {done} of {len(families[family])} passed", "dim")
        parts += [label, Stack(table, Text(), indent=1)]
    return Stack(*parts)


def _finding(finding: Finding) -> Block:
    verdict = finding.verdict
    label = words.LABELS[verdict.state] + (", advisory" if finding.advisory else "")
    lines: list[Block] = [
        Text(clean(finding.id, 60), "bold").append(f"  {label}", STATE_STYLES[verdict.state]),
        Text(clean(finding.title, TITLE)),
        Text(words.blocked_sentence(finding), "dim"),
    ]
    if verdict.locations:
        shown = ", ".join(words.place(at, 80) for at in verdict.locations[:_PLACES])
        more = len(verdict.locations) - _PLACES
        lines.append(Text(f"at {shown}{f' and {more} more' if more > 0 else ''}", "dim"))
    if verdict.expected is not None:
        lines.append(Text(f"expected {clean(verdict.expected, 200)}", "dim"))
    if verdict.actual is not None:
        lines.append(Text(f"actual   {clean(verdict.actual, 200)}", "dim"))
    if verdict.state in _OPEN:
        lines.append(Text(f"repair   {clean(verdict.repair or finding.repair, 400)}"))
    return Stack(*lines)
