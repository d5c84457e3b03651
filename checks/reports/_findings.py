"""Every finding by family, as the verbose terminal report shows them."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checks.model import Finding, Scorecard, State
from checks.reports import words
from checks.reports._look import STATE_STYLES
from checks.reports.text import TITLE, clean

_PLACES = 8
_OPEN = (State.FAIL, State.PARTIAL)


def findings_view(scorecard: Scorecard) -> RenderableType:
    """Return all findings by family, those that cost points first."""
    families: dict[str, list[Finding]] = {}
    for finding in scorecard.findings:
        families.setdefault(finding.family, []).append(finding)
    parts: list[RenderableType] = []
    for family in sorted(families):
        done = sum(f.verdict.state is State.PASS for f in families[family])
        label = Text.assemble((clean(family, 40), "bold"), (f"  {done} of {len(families[family])} passed", "dim"))
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1)
        for finding in words.by_urgency(families[family]):
            state = finding.verdict.state
            table.add_row(Text(words.SYMBOLS[state], style=STATE_STYLES[state]), _finding(finding))
        parts += [label, Padding(table, (0, 0, 1, 1))]
    return Group(*parts)


def _finding(finding: Finding) -> RenderableType:
    verdict = finding.verdict
    label = words.LABELS[verdict.state] + (", advisory" if finding.advisory else "")
    lines: list[RenderableType] = [
        Text.assemble((clean(finding.id, 60), "bold"), (f"  {label}", STATE_STYLES[verdict.state])),
        Text(clean(finding.title, TITLE)),
        Text(words.blocked_sentence(finding), style="dim"),
    ]
    if verdict.locations:
        shown = ", ".join(words.place(at, 80) for at in verdict.locations[:_PLACES])
        more = len(verdict.locations) - _PLACES
        lines.append(Text(f"at {shown}{f' and {more} more' if more > 0 else ''}", style="dim", overflow="fold"))
    if verdict.expected is not None:
        lines.append(Text(f"expected {clean(verdict.expected, 200)}", style="dim", overflow="fold"))
    if verdict.actual is not None:
        lines.append(Text(f"actual   {clean(verdict.actual, 200)}", style="dim", overflow="fold"))
    if verdict.state in _OPEN:
        lines.append(Text(f"repair   {clean(verdict.repair or finding.repair, 400)}"))
    return Group(*lines)
