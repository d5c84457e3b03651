"""The words of grading as frozen types: verdict, check, milestone, metric, scorecard.

Pure: nothing here reads a disk, starts a process or imports another module of this package. Shares are exact
`Fraction`s between 0 and 1; `percent()` turns them into text and always rounds down.
"""

import inspect
import typing
from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

MARKED_SHARE = Fraction(1, 2)  # from here on the reference is the larger part; independent work has some hundredths
MARKED_TOKENS = 500  # some eighty lines: less is too little to judge a repository by


class State(StrEnum):
    """What a check found; the seven states of the design."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    PARTIAL = "partial"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    BLOCKED = "blocked"
    WAIVED = "waived"
    ERROR = "error"

    @property
    def counts(self) -> bool:
        """Whether a check in this state stays in the denominator of its milestone."""
        return self not in (State.NOT_APPLICABLE, State.WAIVED)


class Effort(StrEnum):
    """How much work the repair of a failed check usually is."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def cost(self) -> int:
        """Relative cost, in rough quarter hours, by which next steps are ranked."""
        return {Effort.SMALL: 1, Effort.MEDIUM: 4, Effort.LARGE: 16}[self]


class Assurance(StrEnum):
    """How far a scorecard can be trusted, weakest first."""

    SELF = "self"
    CI = "ci"
    ATTESTED = "attested"


class Status(StrEnum):
    """Whether a success metric is met."""

    MET = "met"
    NOT_MET = "not met"
    UNKNOWN = "not yet known"


class EvidenceError(Exception):
    """A kind of evidence cannot be had; its text says why, in a learner's words."""


class NotMeasured(EvidenceError):
    """The grader could not find out (no network, no tool, not allowed): checks that need it are in error."""


class Blocked(EvidenceError):
    """Something the repository must provide first failed: checks that need it are blocked.

    `by` names the check that tells the learner what to repair, for example ``tests.pass``.
    """

    def __init__(self, reason: str, by: str) -> None:
        super().__init__(reason)
        self.by = by


class Location(NamedTuple):
    """A place in the repository: a POSIX path relative to its root and, where known, a line from 1."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


class Verdict(NamedTuple):
    """The outcome of one check.

    `credit` is the share of the check's weight that is earned. `repair` overrides the check's own repair text when
    the verdict knows a more exact one.
    """

    state: State
    reason: str
    credit: Fraction = Fraction(0)
    locations: tuple[Location, ...] = ()
    expected: str | None = None
    actual: str | None = None
    repair: str | None = None
    blocked_by: str | None = None
    internal: bool = False  # an error of the grader itself, not of what it could reach


def passed(reason: str, *at: Location, actual: str | None = None) -> Verdict:
    """Return a verdict that earns everything; `reason` says what was found."""
    return Verdict(State.PASS, reason, Fraction(1), at, actual=actual)


def failed(
    reason: str,
    *at: Location,
    expected: str | None = None,
    actual: str | None = None,
    repair: str | None = None,
) -> Verdict:
    """Return a verdict that earns nothing; `reason` says what is wrong, `at` where."""
    return Verdict(State.FAIL, reason, Fraction(0), at, expected, actual, repair)


def partial(
    credit: Fraction,
    reason: str,
    *at: Location,
    expected: str | None = None,
    actual: str | None = None,
    repair: str | None = None,
) -> Verdict:
    """Return a verdict that earns the share `credit`; 0 is a fail and 1 a pass.

    Raises ValueError when the share lies outside 0 to 1.
    """
    if not 0 <= credit <= 1:
        raise ValueError(f"a credit is between 0 and 1, not {credit}")
    if credit == 1:
        return passed(reason, *at, actual=actual)
    if credit == 0:
        return failed(reason, *at, expected=expected, actual=actual, repair=repair)
    return Verdict(State.PARTIAL, reason, credit, at, expected, actual, repair)


def not_applicable(reason: str) -> Verdict:
    """Return a verdict that leaves the denominator: the question does not arise in this repository."""
    return Verdict(State.NOT_APPLICABLE, reason)


def blocked(reason: str, by: str) -> Verdict:
    """Return a verdict that counts nothing because the check `by` failed first."""
    return Verdict(State.BLOCKED, reason, blocked_by=by)


def unknown(reason: str, *, internal: bool = False) -> Verdict:
    """Return a verdict of *not yet known*: it stays in the denominator and makes the scorecard provisional."""
    return Verdict(State.ERROR, reason, internal=internal)


class Check(NamedTuple):
    """A rule with an id: a pure function from evidence to a verdict, and what its docstring says of it.

    `needs` are the evidence types of the function's parameters, in order. An advisory check is reported and never
    scored, whatever a project's milestones say.
    """

    id: str
    title: str
    explanation: str
    repair: str
    effort: Effort
    needs: tuple[type, ...]
    function: Callable[..., Verdict]
    advisory: bool = False

    @property
    def family(self) -> str:
        """The part of the id before its first dot."""
        return self.id.split(".", 1)[0]

    def __call__(self, *evidence: object) -> Verdict:
        """Judge the evidence, given in the order of `needs`."""
        return self.function(*evidence)


def check(id: str, *, effort: str, advisory: bool = False) -> Callable[[Callable[..., Verdict]], Check]:  # noqa: A002
    """Make a check of a function whose parameters are annotated with evidence types.

    The docstring has three parts between blank lines: the title (one line, what is true when the check passes), the
    explanation, and in the last paragraph the repair.

    Raises TypeError when a part of the docstring or an annotation is missing.
    """

    def make(function: Callable[..., Verdict]) -> Check:
        paragraphs = [" ".join(part.split()) for part in (inspect.getdoc(function) or "").split("\n\n")]
        if len(paragraphs) < 3 or not all(paragraphs):
            raise TypeError(
                f"check {id}: the docstring needs a title, an explanation and a repair, blank lines between"
            )
        hints = typing.get_type_hints(function)
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        if not names or any(not isinstance(hints.get(name), type) for name in names):
            raise TypeError(f"check {id}: every parameter must be annotated with one evidence type")
        return Check(
            id=id,
            title=paragraphs[0].rstrip("."),
            explanation="\n\n".join(paragraphs[1:-1]),
            repair=paragraphs[-1],
            effort=Effort(effort),
            needs=tuple(hints[name] for name in names),
            function=function,
            advisory=advisory,
        )

    return make


class Finding(NamedTuple):
    """A check and its verdict, as reports show them."""

    id: str
    title: str
    explanation: str
    repair: str
    effort: Effort
    verdict: Verdict
    advisory: bool = False

    @property
    def family(self) -> str:
        """The part of the id before its first dot."""
        return self.id.split(".", 1)[0]


class ScoredCheck(NamedTuple):
    """A check inside a milestone: what it could earn and what it earned, in points of the project."""

    id: str
    weight: int
    possible: Fraction
    earned: Fraction


class MilestoneScore(NamedTuple):
    """A milestone's result in points. `possible` is 0 when nothing in it applies."""

    id: str
    title: str
    week: int
    docs: str
    due: str | None
    possible: Fraction
    earned: Fraction
    checks: tuple[ScoredCheck, ...]

    @property
    def share(self) -> Fraction:
        """Earned of possible, 0 to 1; 0 when nothing applies."""
        return self.earned / self.possible if self.possible else Fraction(0)


class MetricResult(NamedTuple):
    """A success metric of the plan and whether this repository meets it."""

    id: str
    title: str
    group: str
    status: Status
    reason: str


class NextStep(NamedTuple):
    """A repair worth making: the project points it would gain for its effort."""

    check_id: str
    title: str
    milestone: str
    gain: Fraction
    effort: Effort
    repair: str
    location: Location | None


class FileCoverage(NamedTuple):
    """Line coverage of one tracked source file.

    `missing` are executable lines no test ran, `excluded` lines that the repository took out of its own
    measurement. `measured` is False when no report mentions the file: then every code line is in `missing`.
    """

    path: str
    executable: int
    covered: int
    missing: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()
    measured: bool = True


class CoverageSummary(NamedTuple):
    """Line coverage over all tracked source files, with the excluded lines beyond the allowance counted uncovered."""

    covered: int
    total: int
    excluded: int
    allowance: int
    files: tuple[FileCoverage, ...]

    @property
    def share(self) -> Fraction:
        """Covered of total lines, 0 to 1; 0 when there is no line."""
        return Fraction(self.covered, self.total) if self.total else Fraction(0)


class SuiteSummary(NamedTuple):
    """The counts of one or several test suites; `seconds` is the wall time of running them."""

    passed: int
    failed: int
    errors: int
    skipped: int
    seconds: float
    suites: tuple[str, ...] = ()

    @property
    def executed(self) -> int:
        """Tests that really ran."""
        return self.passed + self.failed + self.errors


class FileOrigin(NamedTuple):
    """Whose the code of one file is, in tokens; `line` is where the longest stretch of the reference begins."""

    path: str
    starter: int
    reference: int
    own: int
    line: int | None = None


class OriginalitySummary(NamedTuple):
    """Whose the code is, in tokens: the starter's, the reference solution's, or neither's and so the learner's own.

    `solution` counts the tokens that the reference adds to the starter. `files` are those with reference code, the
    most first.
    """

    starter: int
    reference: int
    own: int
    solution: int
    files: tuple[FileOrigin, ...] = ()

    @property
    def total(self) -> int:
        """All tokens that were compared."""
        return self.starter + self.reference + self.own

    @property
    def copied(self) -> Fraction:
        """The reference's share of what is not the starter's, 0 to 1."""
        added = self.reference + self.own
        return Fraction(self.reference, added) if added else Fraction(0)

    @property
    def contained(self) -> Fraction:
        """How much of the reference is here, 0 to 1: code put beside it makes this no smaller."""
        return min(Fraction(self.reference, self.solution), Fraction(1)) if self.solution else Fraction(0)

    @property
    def largely_reference(self) -> bool:
        """Whether the repository is marked: at least half of either share, and not by a few lines alone."""
        return self.reference >= MARKED_TOKENS and max(self.copied, self.contained) >= MARKED_SHARE

    def share(self, tokens: int) -> Fraction:
        """Return `tokens` of all tokens, 0 to 1."""
        return Fraction(tokens, self.total) if self.total else Fraction(0)


class Subject(NamedTuple):
    """What was graded. `digest` identifies the tree as it was read; `dirty` counts files that differ from `commit`."""

    name: str
    commit: str | None
    branch: str | None
    digest: str
    dirty: int
    files: int


class WorkflowRun(NamedTuple):
    """The GitHub Actions run that measured: what it says of itself, for others to verify.

    `path` is the workflow file and `digest` the SHA-256 of its content at the graded commit; `sha` is the commit that
    the run was started for: of a pull request its head.
    """

    repository: str
    ref: str
    sha: str
    path: str
    digest: str
    run_id: int
    attempt: int


class Scorecard(NamedTuple):
    """The result of a grading: everything that any report shows.

    `earned` of `possible` are project points. `graded_at` is RFC 3339 UTC. `notes` tell how it was measured
    (isolation, interpreter, services, what was not run).
    """

    project: str
    project_title: str
    subject: Subject
    graded_at: str
    grader_version: str
    assurance: Assurance
    earned: Fraction
    possible: Fraction
    milestones: tuple[MilestoneScore, ...]
    metrics: tuple[MetricResult, ...]
    findings: tuple[Finding, ...]
    next_steps: tuple[NextStep, ...]
    tests: SuiteSummary | None = None
    coverage: CoverageSummary | None = None
    originality: OriginalitySummary | None = None
    workflow: WorkflowRun | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    cached: bool = False

    @property
    def score(self) -> Fraction:
        """Earned of possible points, 0 to 1."""
        return self.earned / self.possible if self.possible else Fraction(0)

    @property
    def largely_reference(self) -> bool:
        """Whether most of the work is the reference solution's, whatever it earned."""
        return self.originality is not None and self.originality.largely_reference

    @property
    def unknown(self) -> tuple[Finding, ...]:
        """The scored findings that are not yet known."""
        return tuple(f for f in self.findings if f.verdict.state is State.ERROR and not f.advisory)

    @property
    def provisional(self) -> bool:
        """Whether something that counts could not be measured."""
        return bool(self.unknown)

    @property
    def measured(self) -> tuple[int, int]:
        """How many scored findings were measured, of how many."""
        scored = [f for f in self.findings if not f.advisory]
        return len(scored) - len(self.unknown), len(scored)


def percent(share: Fraction, digits: int = 1) -> str:
    """Return `share` (0 to 1) as a percentage with `digits` decimals, rounded down: 89.99 % never reads 90 %."""
    scale = 10**digits
    whole = share.numerator * 100 * scale // share.denominator
    if not digits:
        return f"{whole} %"
    return f"{whole // scale}.{whole % scale:0{digits}d} %"


def points(value: Fraction, digits: int = 1) -> str:
    """Return `value` project points with `digits` decimals, rounded down; whole numbers without decimals."""
    if value.denominator == 1:
        return str(value.numerator)
    scale = 10**digits
    whole = value.numerator * scale // value.denominator
    return f"{whole // scale}.{whole % scale:0{digits}d}"
