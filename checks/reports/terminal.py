"""The scorecard in a terminal, between 40 and 120 columns wide, with or without colour."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

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
from checks.reports._layout import Block, Column, Stack, Table, Text, printed
from checks.reports._look import STATE_STYLES, STATUS_STYLES, bar, heading, level
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
    width = _bounded(width)
    parts: list[Block] = [_header(scorecard, width), Text(), _score(scorecard, width)]
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
        parts += [heading("How it was measured"), _notes(scorecard.notes)]
    return _printed(Stack(*parts, Text(), _footer(scorecard)), width, color)


def render_next(scorecard: Scorecard, *, width: int, color: bool) -> str:
    """Return the score line and every next step, ending with a newline."""
    width = _bounded(width)
    steps = _steps(scorecard, width, everything=True) if scorecard.next_steps else Text("Nothing left to repair.")
    view = Stack(_header(scorecard, width), Text(), _score(scorecard, width), heading(_NEXT), steps)
    return _printed(view, width, color)


def render_cohort(scorecards: Sequence[Scorecard], *, width: int, color: bool) -> str:
    """Return one line a repository for several scorecards, in the order given, ending with a newline."""
    width = _bounded(width)
    columns = [Column("Repository", share=1)]
    if width >= 100:
        columns.append(Column("Project"))
    columns.append(Column("Score", right=True))
    if width >= 60:
        columns += [Column(), Column("Not known", right=True)]
    if width >= 80:
        columns += [Column("Tests", right=True), Column("Lines", right=True)]
    if width >= 60:
        columns.append(Column("Assurance"))
    table = Table(*columns)
    for card in scorecards:
        cells: list[Block] = [Text(clean(card.subject.name, TITLE), cut=True)]
        if width >= 100:
            cells.append(Text(clean(card.project, 14), "dim"))
        score = Text("! " if card.largely_reference else "", "bold red")
        cells.append(score.append(percent(card.score), f"bold {level(card.score)}"))
        if width >= 60:
            cells.append(bar(card.score, 10 if width < 80 else 16, unknown=_unknown_share(card)))
            cells.append(Text(str(len(card.unknown)) if card.provisional else "–", "dim"))
        if width >= 80:
            cells.append(Text(f"{card.tests.passed:,}/{card.tests.executed:,}" if card.tests else "–"))
            cells.append(Text(percent(card.coverage.share) if card.coverage else "–"))
        if width >= 60:
            cells.append(Text(card.assurance.value))
        table.add(*cells)
    count = Text(f"{len(scorecards)} {'repository' if len(scorecards) == 1 else 'repositories'}", "bold")
    marked = sum(card.largely_reference for card in scorecards)
    note = Text(f"! largely the reference solution: {marked} of {len(scorecards)}", "bold red")
    return _printed(Stack(count, Text(), table, *([Text(), note] if marked else [])), width, color)


def _bounded(width: int) -> int:
    return max(NARROWEST, min(width, WIDEST))


def _printed(view: Block, width: int, color: bool) -> str:
    # Wrapping may have brought any word to the start of a line.
    return without_commands(printed(view, width, color=color))


def _unknown_share(scorecard: Scorecard) -> Fraction:
    unknown = words.unknown_points(scorecard.milestones, scorecard)
    return unknown / scorecard.possible if scorecard.possible else Fraction(0)


def _header(scorecard: Scorecard, width: int) -> Block:
    name = Text(clean(scorecard.subject.name, TITLE), "bold", cut=True)
    title = f"{clean(scorecard.project, 40)} · {clean(scorecard.project_title, TITLE)}"
    project = Text(title, "dim", cut=True)
    subject = Text(words.subject_sentence(scorecard), "dim")
    if width < 80:
        return Stack(name, project, subject)
    table = Table(Column(share=1), Column(share=1, right=True))
    table.add(name, project)
    return Stack(table, subject)


def _score(scorecard: Scorecard, width: int) -> Block:
    line = Text(percent(scorecard.score), f"bold {level(scorecard.score)}")
    line.append(f"   {points(scorecard.earned)} of {points(scorecard.possible)} points", "bold")
    line.append(f"   assurance: {scorecard.assurance.value}")
    if scorecard.provisional:
        line.append("   PROVISIONAL", "bold yellow")
    scale = bar(scorecard.score, width - 4, unknown=_unknown_share(scorecard))
    mark = words.mark_sentence(scorecard)
    marked = [Text(f"! {mark}", "bold red")] if mark else []
    said = [Text(f"{words.measured_sentence(scorecard)} · {words.checks_sentence(scorecard)}", "dim")]
    if scorecard.provisional:
        said.append(Text("Provisional: what is not yet known counts as not earned until it is measured.", "yellow"))
    return Stack(*marked, line, scale, *said)


def _milestones(scorecard: Scorecard, width: int) -> Block:
    columns = [Column(), Column("Milestone", share=1)]
    due = width >= 90 and any(m.due for m in scorecard.milestones)
    if width >= 80:
        columns.append(Column("Week", right=True))
    if due:
        columns.append(Column("Due"))
    if width >= 60:
        columns.append(Column())
    table = Table(*columns, Column("Points", right=True), Column(right=True))
    for milestone in scorecard.milestones:
        cells: list[Block] = [Text(clean(milestone.id, 8), "dim"), Text(clean(milestone.title, TITLE), cut=True)]
        if width >= 80:
            cells.append(Text(str(milestone.week), "dim"))
        if due:
            cells.append(Text(clean(milestone.due or "–", 10), "dim"))
        figures = _milestone_figures(scorecard, milestone, 12 if width < 80 else 20)
        table.add(*cells, *(figures if width >= 60 else figures[1:]))
    return table


def _milestone_figures(scorecard: Scorecard, milestone: MilestoneScore, width: int) -> list[Block]:
    if not milestone.possible:
        return [Text("nothing applies"[:width], "dim"), Text("–", "dim"), Text("–", "dim")]
    unknown = words.unknown_points((milestone,), scorecard) / milestone.possible
    return [
        bar(milestone.share, width, unknown=unknown),
        Text(f"{points(milestone.earned)}/{points(milestone.possible)}"),
        Text(percent(milestone.share), level(milestone.share)),
    ]


def _metrics(metrics: Sequence[MetricResult]) -> Block:
    table = Table(Column(), Column(share=1), gap=1)
    unknown = [m for m in metrics if m.status is Status.UNKNOWN]
    for metric in metrics:
        if metric.status is Status.UNKNOWN:
            continue
        style = STATUS_STYLES[metric.status]
        line = Text(clean(metric.title, TITLE))
        if metric.status is Status.NOT_MET and metric.reason:
            line.append(f"  {clean(metric.reason, 200)}", "dim")
        table.add(Text(words.STATUS_SYMBOLS[metric.status], style), line)
    met = sum(m.status is Status.MET for m in metrics)
    summary = Text(f"{met} of {len(metrics)} met", "bold")
    if unknown:
        summary.append(f", {len(unknown)} not yet known")
    return Stack(summary, table)


def _measurements(scorecard: Scorecard, width: int) -> list[Block]:
    parts: list[Block] = []
    if scorecard.tests:
        failing = bool(scorecard.tests.failed or scorecard.tests.errors or not scorecard.tests.executed)
        state = State.FAIL if failing else State.PASS
        mark = Text(f"{words.SYMBOLS[state]} ", STATE_STYLES[state])
        parts.append(mark.append(f"Tests  {words.tests_sentence(scorecard.tests)}"))
    if scorecard.coverage:
        share = scorecard.coverage.share
        line = Text("  Lines  ").append(percent(share), f"bold {level(share)}")
        line.append(f"  {words.coverage_sentence(scorecard.coverage)}")
        parts += [line, *_worst(scorecard.coverage, width)]
    return parts


def _originality(found: OriginalitySummary, width: int) -> list[Block]:
    line = Text(f"  {words.originality_sentence(found)}")
    if not found.files:
        return [line]
    table = Table(Column("Most code of the reference", share=1), Column("Tokens", right=True))
    for file in found.files[:_FILES]:
        path = clean_path(file.path, width - 24)
        place = path if file.line is None else f"{path}:{file.line}"
        table.add(Text(place, cut=True), Text(f"{file.reference:,}"))
    return [line, Stack(table, indent=2)]


def _worst(coverage: CoverageSummary, width: int) -> list[Block]:
    worst = words.worst_files(coverage, _FILES)
    if not worst:
        return []
    wide = width >= 80
    columns = [Column("Most lines without a test", share=3)]
    columns += [Column("Missing", right=True), Column("Covered", right=True)]
    if wide:
        columns.append(Column("Lines", share=2))
    table = Table(*columns)
    # The path's share of the width, so that a long one loses its middle and not the file's name.
    limit = (width - 27) * 3 // 5 if wide else width - 27
    for file in worst:
        cells = [
            Text(clean_path(file.path, limit), cut=True),
            Text(f"{words.uncovered(file):,}"),
            Text(percent(words.file_share(file))),
        ]
        if wide:
            lines = words.line_ranges(file.missing, 6) if file.measured else "no test reaches it"
            cells.append(Text(lines, "dim", cut=True))
        table.add(*cells)
    return [Stack(table, indent=2)]


def _steps(scorecard: Scorecard, width: int, *, everything: bool) -> Block:
    table = Table(Column(right=True), Column(share=1))
    shown = scorecard.next_steps if everything else scorecard.next_steps[:_STEPS]
    for step in shown:
        table.add(Text(f"+{points(step.gain, 2)}", "bold green"), _step(step, width))
    left = len(scorecard.next_steps) - len(shown)
    if left:
        table.add(Text(), Text(f"and {left} more: --next {min(left + len(shown), 99)} shows them", "dim"))
    return table


def _step(step: NextStep, width: int) -> Block:
    head = Text(clean(step.title, TITLE), "bold")
    facts = [clean(step.check_id, 60), f"{words.EFFORTS[step.effort]} effort", clean(step.milestone, 8)]
    if step.location:
        facts.append(words.place(step.location, width - 30))
    return Stack(head, Text(" · ".join(facts), "dim"), Text(clean(step.repair, 400)))


def _notes(notes: Sequence[str]) -> Block:
    table = Table(Column(), Column(share=1), gap=1)
    for note in notes:
        table.add(Text("·", "dim"), Text(clean(note, 400)))
    return table


def _footer(scorecard: Scorecard) -> Text:
    took = "kept from an earlier run on the same tree" if scorecard.cached else f"measured in {scorecard.seconds:.1f} s"
    if scorecard.cached and scorecard.unknown:
        took += " (--no-cache measures again)"
    text = f"{clean(scorecard.graded_at, 40)} · {took} · checks {clean(scorecard.grader_version, 40)}"
    return Text(text, "dim")
