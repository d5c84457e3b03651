"""The scorecard in GitHub-flavoured Markdown, for a pull-request comment or a job summary.

Texts of the repository are escaped against Markdown, HTML, mentions, issue references and automatic links. Whole
blocks are left out, least important first, when the text would be longer than its limit.
"""

from __future__ import annotations

import re

from checks.model import Finding, OriginalitySummary, Scorecard, State, Status, percent, points
from checks.reports import words
from checks.reports.blocks import Block, within
from checks.reports.text import TITLE, clean, clean_path

# GitHub refuses a comment of more than 65,536 characters; the rest is room for a marker and a delta.
LIMIT = 60_000

_SPECIAL = re.compile(r"([\\`*_\[\]|~$!])")
# What begins a list, a rule or a heading when it stands first in a line.
_START = re.compile(r"^(\d*)([-+=.):])")
# Where GitHub makes a link or a mention by itself, an invisible character between keeps it text: escapes do not help,
# since the forge looks at the rendered words.
_AUTOMATIC = re.compile(r"@(?=\w)|#(?=\w)|\bGH-(?=\d)|:(?=//)|\bwww(?=\.)|\b(?:mailto|xmpp):", re.IGNORECASE)
_BREAK = "\u200b"


def escape(value: str, limit: int = 300) -> str:
    """Return hostile text as one line of Markdown that shows it literally."""
    return _escaped(clean(value, limit))


def prose(value: str, limit: int = 300) -> str:
    """Return hostile text as one line of Markdown that shows it literally, but for its code spans."""
    parts = clean(value, limit).split("`")
    if len(parts) % 2 == 0:  # a span without an end
        return _escaped("`".join(parts))
    return "".join(code(part) if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _SPECIAL.sub(r"\\\1", text)
    text = re.sub(r"(?<!&)#", r"\\#", text)
    text = _START.sub(r"\1\\\2", text)
    return _AUTOMATIC.sub(lambda found: found[0] + _BREAK, text)


def code(value: str, limit: int = 160) -> str:
    """Return hostile text as a code span; a pipe would end a table cell and becomes a similar bar."""
    text = clean_path(value, limit).replace("|", "¦")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def render(scorecard: Scorecard) -> str:
    """Return the text within GitHub's limit for a comment."""
    return render_markdown(scorecard)


def render_markdown(scorecard: Scorecard, *, limit: int = LIMIT) -> str:
    """Return the text in at most `limit` characters, ending with a newline; the score itself is never left out.

    Raises ValueError when not even the score fits.
    """
    return within(_blocks(scorecard), limit)


def _blocks(scorecard: Scorecard) -> list[Block]:
    blocks = [Block(0, _head(scorecard))]
    if scorecard.next_steps:
        blocks.append(Block(1, "### Next steps"))
        blocks += [Block(2 + i, step(scorecard, i)) for i in range(min(8, len(scorecard.next_steps)))]
    if scorecard.milestones:
        blocks.append(Block(2, _milestones(scorecard)))
    if scorecard.tests or scorecard.coverage:
        blocks.append(Block(10, _measurements(scorecard)))
    if scorecard.originality:
        blocks.append(Block(12, _originality(scorecard.originality)))
    if scorecard.metrics:
        blocks.append(Block(20, _metrics(scorecard)))
    for rank, group in enumerate(words.groups(scorecard), 30):
        label = (
            f"{escape(group.milestone.id, 40)} {escape(group.title, 80)}"
            if group.milestone
            else escape(group.title, 80)
        )
        open_findings = [f for f in group.findings if f.verdict.state not in (State.PASS, State.NOT_APPLICABLE)]
        if open_findings:
            lines = "\n".join(line(f) for f in open_findings)
            summary = f"{_in_html(label)}: {group.count(State.PASS)} of {len(group.findings)} passed"
            blocks.append(Block(rank, f"<details><summary>{summary}</summary>\n\n{lines}\n\n</details>"))
    if scorecard.notes:
        notes = "\n".join(f"- {escape(note)}" for note in scorecard.notes)
        blocks.append(Block(15, f"<details><summary>How it was measured</summary>\n\n{notes}\n\n</details>"))
    return blocks


def _in_html(text: str) -> str:
    # Inside an HTML tag Markdown's escapes would show; the characters they protect do nothing there.
    return re.sub(r"\\([\\`*_\[\]|~$!#])", r"\1", text)


def _head(scorecard: Scorecard) -> str:
    provisional = " (provisional)" if scorecard.provisional else ""
    project = f"{escape(scorecard.project, 40)}, {escape(scorecard.project_title, TITLE)}"
    assurance = f"**{scorecard.assurance.value}**, {words.ASSURANCES[scorecard.assurance]}"
    lines = [
        f"## {percent(scorecard.score)}{provisional} · {escape(scorecard.subject.name, 100)}",
        "",
        *([f"> **{mark}**", ""] if (mark := words.mark_sentence(scorecard)) else []),
        f"**{points(scorecard.earned)} of {points(scorecard.possible)} points** in {project}.",
        f"{words.measured_sentence(scorecard)}; {words.checks_sentence(scorecard)}.",
        "",
        f"Assurance: {assurance}. {escape(words.subject_sentence(scorecard))}.",
    ]
    return "\n".join(lines)


def step(scorecard: Scorecard, index: int) -> str:
    """Return one next step as an item of a numbered list."""
    item = scorecard.next_steps[index]
    where = f" · {_at(item.location.path, item.location.line)}" if item.location else ""
    return (
        f"{index + 1}. **+{points(item.gain, 2)}** {escape(item.title, TITLE)} "
        f"({code(item.check_id, 80)}, {words.EFFORTS[item.effort]} effort{where})\n"
        f"   {prose(item.repair)}"
    )


def _milestones(scorecard: Scorecard) -> str:
    rows = [
        "### Milestones",
        "",
        "| Milestone | Week | Progress | Points | Share |",
        "| --- | ---: | --- | ---: | ---: |",
    ]
    for m in scorecard.milestones:
        name = f"{escape(m.id, 40)} {escape(m.title, TITLE)}"
        if not m.possible:
            rows.append(f"| {name} | {m.week} | nothing applies | – | – |")
            continue
        filled = m.share.numerator * 10 // m.share.denominator
        bar = "█" * filled + "░" * (10 - filled)
        rows.append(f"| {name} | {m.week} | {bar} | {points(m.earned)}/{points(m.possible)} | {percent(m.share)} |")
    return "\n".join(rows)


def _measurements(scorecard: Scorecard) -> str:
    lines = ["### Tests and coverage", ""]
    if scorecard.tests:
        lines.append(f"- Tests: {words.tests_sentence(scorecard.tests)}")
    if scorecard.coverage:
        lines.append(f"- Lines: **{percent(scorecard.coverage.share)}**, {words.coverage_sentence(scorecard.coverage)}")
        for file in words.worst_files(scorecard.coverage, 5):
            what = words.line_ranges(file.missing, 6) if file.measured else "no test reaches this file"
            lines.append(f"  - {code(file.path)} {percent(words.file_share(file))}: {what}")
    return "\n".join(lines)


def _originality(found: OriginalitySummary) -> str:
    lines = ["### Whose code it is", "", "| | Tokens | Share |", "| --- | ---: | ---: |"]
    lines += [f"| {label} | {count:,} | {percent(found.share(count))} |" for _, label, count in words.origins(found)]
    if found.files:
        lines += ["", "Most code of the reference:", ""]
        lines += [f"- {_at(file.path, file.line)} {file.reference:,} tokens" for file in found.files[:5]]
    return "\n".join(lines)


def _metrics(scorecard: Scorecard) -> str:
    met = sum(m.status is Status.MET for m in scorecard.metrics)
    rows = [f"### Success metrics\n\n{met} of {len(scorecard.metrics)} met.\n"]
    for m in scorecard.metrics:
        reason = f": {escape(m.reason, 200)}" if m.reason and m.status is not Status.MET else ""
        rows.append(f"- {words.STATUS_SYMBOLS[m.status]} {escape(m.title, TITLE)} ({m.status.value}){reason}")
    return "\n".join(rows)


def line(finding: Finding) -> str:
    """Return one finding as an item of a list."""
    verdict = finding.verdict
    advisory = ", advisory" if finding.advisory else ""
    places = ", ".join(_at(at.path, at.line) for at in verdict.locations[:5])
    where = f" at {places}" if places else ""
    figures = ", ".join(
        f"{name} {code(value, 80)}"
        for name, value in (("expected", verdict.expected), ("actual", verdict.actual))
        if value is not None
    )
    figures = f" ({figures})" if figures else ""
    return (
        f"- {words.SYMBOLS[verdict.state]} **{escape(finding.title, TITLE)}** {code(finding.id, 80)} "
        f"({words.LABELS[verdict.state]}{advisory}): {escape(words.blocked_sentence(finding))}{figures}{where}"
    )


def _at(path: str, line: int | None) -> str:
    return code(path if line is None else f"{clean_path(path)}:{line}")
