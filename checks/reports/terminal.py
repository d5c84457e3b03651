"""The scorecard in a terminal, between 40 and 120 columns wide, with or without colour."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checks.model import (
    CoverageSummary,
    MetricResult,
    MilestoneScore,
    NextStep,
    OriginalitySummary,
    Scorecard,
    State,
    Status,
    percent,
    points,
)
from checks.reports import words
from checks.reports._findings import findings_view
from checks.reports._look import STATE_STYLES, STATUS_STYLES, bar, grid, heading, level
from checks.reports.text import TITLE, clean, clean_path, without_commands

NARROWEST, WIDEST = 40, 120
_STEPS = 5
_FILES = 5
_NEXT = "Next steps, most points for the least effort first"


def render(scorecard: Scorecard) -> str:
    """Return the report as it is written to a file: 100 columns, no colour."""
    return render_terminal(scorecard, width=100, color=False, verbose=False)


def render_terminal(scorecard: Scorecard, *, width: int, color: bool, verbose: bool) -> str:
    """Return the report, ending with a newline.

    `width` is kept between 40 and 120 columns; `color` says whether escape sequences may be used (the caller decides
    by NO_COLOR and the kind of output); `verbose` adds every finding by family.
    """
    return _printed(terminal_view(scorecard, width=width, verbose=verbose), width, color)


def render_next(scorecard: Scorecard, *, width: int, color: bool) -> str:
    """Return the score line and every next step, ending with a newline."""
    width = _bounded(width)
    steps = _steps(scorecard, width, everything=True) if scorecard.next_steps else Text("Nothing left to repair.")
    view = Group(_header(scorecard, width), Text(), _score(scorecard, width), heading(_NEXT), steps)
    return _printed(Padding(view, (1, 2, 0, 2)), width, color)


def render_cohort(scorecards: Sequence[Scorecard], *, width: int, color: bool) -> str:
    """Return one line a repository for several scorecards, in the order given, ending with a newline."""
    width = _bounded(width)
    table = grid()
    table.add_column("Repository", ratio=1, no_wrap=True, overflow="ellipsis")
    if width >= 100:
        table.add_column("Project", no_wrap=True, overflow="ellipsis", max_width=14)
    table.add_column("Score", justify="right", no_wrap=True)
    if width >= 60:
        table.add_column("", no_wrap=True)
        table.add_column("Not known", justify="right", no_wrap=True)
    if width >= 80:
        table.add_column("Tests", justify="right", no_wrap=True)
        table.add_column("Lines", justify="right", no_wrap=True)
    if width >= 60:
        table.add_column("Assurance", no_wrap=True)
    for card in scorecards:
        cells: list[RenderableType] = [Text(clean(card.subject.name, TITLE))]
        if width >= 100:
            cells.append(Text(clean(card.project, 40), style="dim"))
        score = Text("! " if card.largely_reference else "", style="bold red")
        cells.append(score.append(percent(card.score), style=f"bold {level(card.score)}"))
        if width >= 60:
            cells.append(bar(card.score, 10 if width < 80 else 16, unknown=_unknown_share(card)))
            cells.append(Text(str(len(card.unknown)) if card.provisional else "–", style="dim"))
        if width >= 80:
            cells.append(Text(f"{card.tests.passed:,}/{card.tests.executed:,}" if card.tests else "–"))
            cells.append(Text(percent(card.coverage.share) if card.coverage else "–"))
        if width >= 60:
            cells.append(Text(card.assurance.value))
        table.add_row(*cells)
    count = Text(f"{len(scorecards)} {'repository' if len(scorecards) == 1 else 'repositories'}", style="bold")
    marked = sum(card.largely_reference for card in scorecards)
    note = (
        [Text(f"\n! largely the reference solution: {marked} of {len(scorecards)}", style="bold red")] if marked else []
    )
    return _printed(Padding(Group(count, Text(), table, *note), (1, 2, 0, 2)), width, color)


def terminal_view(scorecard: Scorecard, *, width: int, verbose: bool) -> RenderableType:
    """Return the report as something that a rich console of `width` columns can print."""
    width = _bounded(width)
    parts: list[RenderableType] = [_header(scorecard, width), Text(), _score(scorecard, width)]
    if scorecard.milestones:
        parts += [heading("Milestones"), _milestones(scorecard, width)]
    if scorecard.metrics:
        parts += [heading("Success metrics"), _metrics(scorecard.metrics)]
    if scorecard.tests or scorecard.coverage:
        parts += [heading("Tests and coverage"), *_measurements(scorecard, width)]
    if scorecard.originality:
        parts += [heading("Whose code it is"), *_originality(scorecard.originality, width)]
    if verbose:
        parts += [heading("Findings"), findings_view(scorecard)]
    if scorecard.next_steps:
        parts += [heading(_NEXT), _steps(scorecard, width, everything=verbose)]
    if scorecard.notes:
        parts += [heading("How it was measured"), *[_bullet(clean(note, 400)) for note in scorecard.notes]]
    parts.append(Text())
    parts.append(_footer(scorecard))
    return Padding(Group(*parts), (1, 2, 0, 2))


def _bounded(width: int) -> int:
    return max(NARROWEST, min(width, WIDEST))


def _printed(view: RenderableType, width: int, color: bool) -> str:
    console = Console(
        file=io.StringIO(),
        width=_bounded(width),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    with console.capture() as capture:
        console.print(view)
    # Wrapping may have brought any word to the start of a line.
    return without_commands("\n".join(line.rstrip() for line in capture.get().splitlines())) + "\n"


def _unknown_share(scorecard: Scorecard) -> Fraction:
    unknown = words.unknown_points(scorecard.milestones, scorecard)
    return unknown / scorecard.possible if scorecard.possible else Fraction(0)


def _header(scorecard: Scorecard, width: int) -> RenderableType:
    name = Text(clean(scorecard.subject.name, TITLE), style="bold", no_wrap=True, overflow="ellipsis")
    title = f"{clean(scorecard.project, 40)} · {clean(scorecard.project_title, TITLE)}"
    project = Text(title, style="dim", no_wrap=True, overflow="ellipsis")
    subject = Text(words.subject_sentence(scorecard), style="dim", overflow="fold")
    if width < 80:
        return Group(name, project, subject)
    table = Table.grid(expand=True, padding=(0, 2))
    table.add_column(ratio=1)
    table.add_column(ratio=1, justify="right")
    table.add_row(name, project)
    return Group(table, subject)


def _score(scorecard: Scorecard, width: int) -> RenderableType:
    line = Text.assemble(
        (percent(scorecard.score), f"bold {level(scorecard.score)}"),
        (f"   {points(scorecard.earned)} of {points(scorecard.possible)} points", "bold"),
        (f"   assurance: {scorecard.assurance.value}", ""),
    )
    if scorecard.provisional:
        line.append("   PROVISIONAL", style="bold yellow")
    scale = bar(scorecard.score, width - 4, unknown=_unknown_share(scorecard))
    mark = words.mark_sentence(scorecard)
    marked = [Text(f"! {mark}", style="bold red")] if mark else []
    said = [Text(f"{words.measured_sentence(scorecard)} · {words.checks_sentence(scorecard)}", style="dim")]
    if scorecard.provisional:
        said.append(
            Text("Provisional: what is not yet known counts as not earned until it is measured.", style="yellow")
        )
    return Group(*marked, line, scale, *said)


def _milestones(scorecard: Scorecard, width: int) -> RenderableType:
    table = grid()
    table.add_column("", no_wrap=True)
    table.add_column("Milestone", ratio=1, no_wrap=True, overflow="ellipsis")
    due = width >= 90 and any(m.due for m in scorecard.milestones)
    if width >= 80:
        table.add_column("Week", justify="right", no_wrap=True)
    if due:
        table.add_column("Due", no_wrap=True)
    if width >= 60:
        table.add_column("", no_wrap=True)
    table.add_column("Points", justify="right", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for milestone in scorecard.milestones:
        cells: list[RenderableType] = [Text(clean(milestone.id, 8), style="dim"), Text(clean(milestone.title, TITLE))]
        if width >= 80:
            cells.append(Text(str(milestone.week), style="dim"))
        if due:
            cells.append(Text(clean(milestone.due or "–", 10), style="dim"))
        figures = _milestone_figures(scorecard, milestone, 12 if width < 80 else 20)
        cells += figures if width >= 60 else figures[1:]
        table.add_row(*cells)
    return table


def _milestone_figures(scorecard: Scorecard, milestone: MilestoneScore, width: int) -> list[RenderableType]:
    if not milestone.possible:
        return [Text("nothing applies"[:width], style="dim"), Text("–", style="dim"), Text("–", style="dim")]
    unknown = words.unknown_points((milestone,), scorecard) / milestone.possible
    return [
        bar(milestone.share, width, unknown=unknown),
        Text(f"{points(milestone.earned)}/{points(milestone.possible)}"),
        Text(percent(milestone.share), style=level(milestone.share)),
    ]


def _metrics(metrics: Sequence[MetricResult]) -> RenderableType:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    unknown = [m for m in metrics if m.status is Status.UNKNOWN]
    for metric in metrics:
        if metric.status is Status.UNKNOWN:
            continue
        style = STATUS_STYLES[metric.status]
        line = Text(clean(metric.title, TITLE))
        if metric.status is Status.NOT_MET and metric.reason:
            line.append(f"  {clean(metric.reason, 200)}", style="dim")
        table.add_row(Text(words.STATUS_SYMBOLS[metric.status], style=style), line)
    met = sum(m.status is Status.MET for m in metrics)
    summary = Text(f"{met} of {len(metrics)} met", style="bold")
    if unknown:
        summary.append(f", {len(unknown)} not yet known", style="not bold")
    return Group(summary, table)


def _measurements(scorecard: Scorecard, width: int) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if scorecard.tests:
        failing = bool(scorecard.tests.failed or scorecard.tests.errors or not scorecard.tests.executed)
        state = State.FAIL if failing else State.PASS
        mark = Text(f"{words.SYMBOLS[state]} ", style=STATE_STYLES[state])
        parts.append(mark.append(f"Tests  {words.tests_sentence(scorecard.tests)}", style="default"))
    if scorecard.coverage:
        line = Text.assemble(
            ("  Lines  ", ""),
            (percent(scorecard.coverage.share), f"bold {level(scorecard.coverage.share)}"),
            (f"  {words.coverage_sentence(scorecard.coverage)}", ""),
        )
        parts += [line, *_worst(scorecard.coverage, width)]
    return parts


def _originality(found: OriginalitySummary, width: int) -> list[RenderableType]:
    line = Text(f"  {words.originality_sentence(found)}")
    if not found.files:
        return [line]
    table = grid()
    table.add_column("Most code of the reference", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("Tokens", justify="right", no_wrap=True)
    for file in found.files[:_FILES]:
        path = clean_path(file.path, width - 24)
        table.add_row(Text(path if file.line is None else f"{path}:{file.line}"), Text(f"{file.reference:,}"))
    return [line, Padding(table, (0, 0, 0, 2))]


def _worst(coverage: CoverageSummary, width: int) -> list[RenderableType]:
    worst = words.worst_files(coverage, _FILES)
    if not worst:
        return []
    wide = width >= 80
    table = grid()
    table.add_column("Most lines without a test", ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column("Missing", justify="right", no_wrap=True)
    table.add_column("Covered", justify="right", no_wrap=True)
    if wide:
        table.add_column("Lines", ratio=2, no_wrap=True, overflow="ellipsis")
    # The path's share of the width, so that a long one loses its middle and not the file's name.
    limit = (width - 27) * 3 // 5 if wide else width - 27
    for file in worst:
        cells = [
            Text(clean_path(file.path, limit)),
            Text(f"{words.uncovered(file):,}"),
            Text(percent(words.file_share(file))),
        ]
        if wide:
            lines = words.line_ranges(file.missing, 6) if file.measured else "no test reaches it"
            cells.append(Text(lines, style="dim"))
        table.add_row(*cells)
    return [Padding(table, (0, 0, 0, 2))]


def _steps(scorecard: Scorecard, width: int, *, everything: bool) -> RenderableType:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1)
    shown = scorecard.next_steps if everything else scorecard.next_steps[:_STEPS]
    for step in shown:
        table.add_row(Text(f"+{points(step.gain, 2)}", style="bold green"), _step(step, width))
    left = len(scorecard.next_steps) - len(shown)
    if left:
        table.add_row("", Text(f"and {left} more: --next {min(left + len(shown), 99)} shows them", style="dim"))
    return table


def _step(step: NextStep, width: int) -> RenderableType:
    head = Text(clean(step.title, TITLE), style="bold")
    facts = [clean(step.check_id, 60), f"{words.EFFORTS[step.effort]} effort", clean(step.milestone, 8)]
    if step.location:
        facts.append(words.place(step.location, width - 30))
    return Group(
        head, Text(" · ".join(facts), style="dim", overflow="fold"), Text(clean(step.repair, 400), overflow="fold")
    )


def _bullet(text: str) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_row(Text("·", style="dim"), Text(text, overflow="fold"))
    return table


def _footer(scorecard: Scorecard) -> Text:
    took = "kept from an earlier run on the same tree" if scorecard.cached else f"measured in {scorecard.seconds:.1f} s"
    text = f"{clean(scorecard.graded_at, 40)} · {took} · checks {clean(scorecard.grader_version, 40)}"
    return Text(text, style="dim", overflow="fold")
