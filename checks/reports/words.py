"""What all reports say in the same words: states, assurance, how much was measured, which files, which order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from checks.model import (
    Assurance,
    CoverageSummary,
    Effort,
    FileCoverage,
    Finding,
    Location,
    MilestoneScore,
    OriginalitySummary,
    Scorecard,
    State,
    Status,
    SuiteSummary,
    percent,
    points,
)
from checks.reports.text import clean, clean_path

LABELS = {
    State.PASS: "passed",
    State.PARTIAL: "partly",
    State.FAIL: "failed",
    State.NOT_APPLICABLE: "not applicable",
    State.BLOCKED: "blocked",
    State.WAIVED: "waived",
    State.ERROR: "not yet known",
}
# Shapes differ as well as colours, so that a state is readable without colour.
SYMBOLS = {
    State.PASS: "✓",
    State.PARTIAL: "◐",
    State.FAIL: "✗",
    State.NOT_APPLICABLE: "–",
    State.BLOCKED: "■",
    State.WAIVED: "○",
    State.ERROR: "?",
}
STATUS_SYMBOLS = {Status.MET: "✓", Status.NOT_MET: "✗", Status.UNKNOWN: "?"}
EFFORTS = {Effort.SMALL: "small", Effort.MEDIUM: "medium", Effort.LARGE: "large"}
ASSURANCES = {
    Assurance.SELF: "measured on the author's own machine",
    Assurance.CI: "measured by a workflow in the author's repository",
    Assurance.ATTESTED: "measured again by the instructor, or by a workflow whose identity was verified",
}
# What to look at first: what costs points now, then what is unknown, then what is fine.
URGENCY = (
    State.FAIL,
    State.BLOCKED,
    State.PARTIAL,
    State.ERROR,
    State.PASS,
    State.WAIVED,
    State.NOT_APPLICABLE,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that are shown together: those of a milestone, or a family that no milestone scores."""

    title: str
    findings: tuple[Finding, ...]
    milestone: MilestoneScore | None = None

    def count(self, *states: State) -> int:
        """Return how many findings are in one of `states`."""
        return sum(f.verdict.state in states for f in self.findings)


def groups(scorecard: Scorecard) -> tuple[Group, ...]:
    """Return the findings by milestone in the project's order, then the unscored ones by family.

    A check that several milestones score is shown in each of them.
    """
    by_id = {finding.id: finding for finding in scorecard.findings}
    found = []
    scored: set[str] = set()
    for milestone in scorecard.milestones:
        ids = [check.id for check in milestone.checks if check.id in by_id]
        scored.update(ids)
        found.append(Group(milestone.title, by_urgency(by_id[i] for i in ids), milestone))
    rest: dict[str, list[Finding]] = {}
    for finding in scorecard.findings:
        if finding.id not in scored:
            rest.setdefault(finding.family, []).append(finding)
    found.extend(Group(family, by_urgency(rest[family])) for family in sorted(rest))
    return tuple(group for group in found if group.findings)


def by_urgency(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with the ones that cost points first, and by id within a state."""
    return tuple(sorted(findings, key=lambda f: (URGENCY.index(f.verdict.state), f.id)))


def unknown_points(milestones: Iterable[MilestoneScore], scorecard: Scorecard) -> Fraction:
    """Return the points of the checks in `milestones` whose verdict is not yet known."""
    unknown = {finding.id for finding in scorecard.unknown}
    return sum((c.possible for m in milestones for c in m.checks if c.id in unknown), Fraction(0))


def measured_sentence(scorecard: Scorecard) -> str:
    """Return how much of the score was measured, like “72.4 of 97 measured points, 3 not yet known”."""
    unknown = unknown_points(scorecard.milestones, scorecard)
    measured = scorecard.possible - unknown
    return f"{points(scorecard.earned)} of {points(measured)} measured points, {points(unknown)} not yet known"


def checks_sentence(scorecard: Scorecard) -> str:
    """Return how many checks were measured, like “97 of 97 checks measured, 3 not yet known”."""
    measured, scored = scorecard.measured
    unknown = scored - measured
    noun = "check" if scored == 1 else "checks"
    if unknown:
        return f"{measured} of {scored} {noun} measured, {unknown} not yet known"
    return f"{measured} of {scored} {noun} measured"


def tests_sentence(tests: SuiteSummary) -> str:
    """Return the counts of the test suites and the time they took."""
    parts = [f"{tests.passed:,} passed"]
    parts += [f"{n:,} {word}" for n, word in ((tests.failed, "failed"), (tests.errors, "in error")) if n]
    if tests.skipped:
        parts.append(f"{tests.skipped:,} skipped")
    return f"{', '.join(parts)} in {tests.seconds:.1f} s"


def coverage_sentence(coverage: CoverageSummary) -> str:
    """Return covered and total lines, files, and the excluded lines against their allowance."""
    files = f"{len(coverage.files):,} {'file' if len(coverage.files) == 1 else 'files'}"
    text = f"{coverage.covered:,} of {coverage.total:,} lines in {files}"
    if coverage.excluded:
        text += f"; {coverage.excluded:,} excluded, {coverage.allowance:,} allowed"
    return text


def origins(found: OriginalitySummary) -> tuple[tuple[str, str, int], ...]:
    """Return whose the code is: a key, its words, and the tokens."""
    return (
        ("starter", "the untouched starter", found.starter),
        ("own", "the learner’s own", found.own),
        ("reference", "the reference solution’s", found.reference),
    )


def originality_sentence(found: OriginalitySummary) -> str:
    """Return the shares of all code, like “41.2 % the untouched starter, 58.8 % the learner’s own, 0.0 % …”."""
    parts = (f"{percent(found.share(tokens))} {label}" for _, label, tokens in origins(found))
    return f"{', '.join(parts)}; {found.total:,} tokens"


def mark_sentence(scorecard: Scorecard) -> str:
    """Return what is said above everything else of a repository that is largely the reference, else ""."""
    found = scorecard.originality
    if found is None or not found.largely_reference:
        return ""
    return (
        f"Largely the reference solution: {percent(found.copied)} of what was added to the starter is the reference’s, "
        f"and {percent(found.contained)} of the reference is here."
    )


def subject_sentence(scorecard: Scorecard) -> str:
    """Return where the tree comes from: branch, commit, and whether files differ from it."""
    subject = scorecard.subject
    if subject.commit is None:
        return f"{clean(subject.branch, 60)}, nothing committed yet" if subject.branch else "not under version control"
    place = f"{clean(subject.branch, 60)} @ " if subject.branch else ""
    text = f"{place}{clean(subject.commit, 64)[:10]}"
    if subject.dirty:
        text += f", {subject.dirty:,} {'file differs' if subject.dirty == 1 else 'files differ'} from the commit"
    return text


def blocked_sentence(finding: Finding) -> str:
    """Return the reason of a finding and, when it is blocked, what to repair first."""
    reason = clean(finding.verdict.reason)
    if finding.verdict.blocked_by:
        return f"{reason} (repair {clean(finding.verdict.blocked_by, 80)} first)"
    return reason


def place(location: Location, limit: int = 160) -> str:
    """Return a location as safe text: path and line."""
    path = clean_path(location.path, limit)
    return path if location.line is None else f"{path}:{location.line}"


def uncovered(file: FileCoverage) -> int:
    """Return the lines of a file that no test ran."""
    return file.executable - file.covered


def file_share(file: FileCoverage) -> Fraction:
    """Return covered of executable lines, 0 to 1; 1 for a file without an executable line."""
    return Fraction(file.covered, file.executable) if file.executable else Fraction(1)


def worst_files(coverage: CoverageSummary, count: int | None = None) -> tuple[FileCoverage, ...]:
    """Return the files with uncovered or excluded lines, most uncovered first, at most `count`."""
    open_files = [f for f in coverage.files if uncovered(f) or f.excluded]
    return tuple(sorted(open_files, key=lambda f: (-uncovered(f), -len(f.excluded), f.path))[:count])


def line_ranges(lines: Iterable[int], limit: int = 12) -> str:
    """Return line numbers as ranges, like “3–7, 12”; after `limit` ranges it says how many more there are."""
    ranges: list[list[int]] = []
    for line in sorted(set(lines)):
        if ranges and ranges[-1][1] == line - 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    shown = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in ranges[:limit])
    return f"{shown} and {len(ranges) - limit} more" if len(ranges) > limit else shown
