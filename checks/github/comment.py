"""The sticky comment: what the change did to the grade, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from checks.github import limits
from checks.github.difference import Difference
from checks.model import Assurance, Finding, Scorecard, percent, points
from checks.reports import words
from checks.reports.blocks import Block, within
from checks.reports.markdown import code, escape, line, step

MARKER = "<!-- backend-scaffold:scorecard -->"
STEPS = 3
LISTED = 20


class Context(NamedTuple):
    """Where the comment stands: the run that measured (an address of ours), the graded commit, the base branch.

    `doubt` says why the scorecard is not one of CI, `without` why there is nothing to compare with.
    """

    run_url: str
    commit: str
    base: str = ""
    doubt: str = ""
    without: str = ""


def comment(card: Scorecard, change: Difference | None, context: Context, limit: int = limits.COMMENT) -> str:
    """Return the comment's text; nothing of the repository in it acts, links or mentions."""
    blocks = [Block(0, _head(card, change, context))]
    if change is not None:
        blocks.append(Block(3, _milestones(change)))
        blocks += _listed("Newly failing", change.failing, 1)
        blocks += _listed("Newly passing", change.passing, 4)
    if card.next_steps:
        shown = (step(card, number) for number in range(min(STEPS, len(card.next_steps))))
        blocks.append(Block(2, "### Next steps\n\n" + "\n".join(shown)))
    blocks.append(Block(5, f"The whole scorecard is in the [summary of the run]({context.run_url})."))
    return within(blocks, limit)


def refusal(reason: str, context: Context) -> str:
    """Return the comment's text when there is no scorecard; `reason` is the grader's own sentence."""
    return (
        f"{MARKER}\n## Not graded\n\nCommit {code(context.commit[:10])} has no grade: {escape(reason)}.\n\n"
        f"The [run]({context.run_url}) has the log.\n"
    )


def _head(card: Scorecard, change: Difference | None, context: Context) -> str:
    provisional = " (provisional)" if card.provisional else ""
    moved = f", {signed(change.score)} against {code(context.base, 80)}" if change is not None else ""
    lines = [MARKER, f"## {percent(card.score)}{provisional} · {escape(card.subject.name, 100)}", ""]
    if mark := words.mark_sentence(card):
        lines += [f"> **{mark}**", ""]
    lines += [
        f"**{points(card.earned)} of {points(card.possible)} points**{moved} at {code(context.commit[:10])}.",
        f"{words.measured_sentence(card)}; {words.checks_sentence(card)}.",
    ]
    if card.coverage is not None:
        moved = f" ({signed(change.coverage)})" if change is not None and change.coverage is not None else ""
        lines.append(f"Line coverage: **{percent(card.coverage.share)}**{moved}.")
    if context.without:
        lines.append(f"Not compared: {escape(context.without)}.")
    if card.assurance is Assurance.SELF:
        doubt = context.doubt or "nothing confirms how it was measured"
        lines += ["", f"> Assurance: **self**, since {escape(doubt)}."]
    return "\n".join(lines)


def signed(share: Fraction) -> str:
    """Return a difference in percentage points with its sign; it never looks larger than it is."""
    if not share:
        return "±0.0"
    digits = 1 if abs(share) >= Fraction(1, 1000) else 3
    return f"{'+' if share > 0 else '−'}{percent(abs(share), digits).removesuffix(' %')}"


def _milestones(change: Difference) -> str:
    moved = [m for m in change.milestones if m.before != m.after]
    if not moved:
        return "No milestone gained or lost points."
    rows = ["| Milestone | Before | After | Possible |", "| --- | ---: | ---: | ---: |"]
    rows += [
        f"| {escape(m.id, 40)} {escape(m.title, 100)} | {points(m.before, 2)} | **{points(m.after, 2)}** "
        f"| {points(m.possible)} |"
        for m in moved
    ]
    return "\n".join(rows)


def _listed(title: str, findings: Sequence[Finding], rank: int) -> list[Block]:
    if not findings:
        return []
    lines = [line(finding) for finding in findings[:LISTED]]
    if len(findings) > LISTED:
        lines.append(f"- and {len(findings) - LISTED} more")
    return [Block(rank, f"### {title}\n\n" + "\n".join(lines))]
