"""Whether the tests notice when the code is wrong."""

from __future__ import annotations

from fractions import Fraction

from checks.evidence.strength import Strength
from checks.model import Location, Verdict, check, failed, partial, percent

SHOWN = 20  # places in one verdict


@check("tests.strength", effort="large")
def notices_planted_bugs(strength: Strength) -> Verdict:
    """The suite notices planted bugs.

    Coverage says which lines ran, not whether anybody looked at the result. The grader changes one operator, constant
    or condition at a time in lines that a test runs, in files that are the learner's own, and runs the tests of that
    line: a suite worth having fails for most of these changes. A bug that finds no tested line to be planted in counts
    as unnoticed. Below the bar the credit is the share reached of it.

    For each change that went unnoticed, write or sharpen a test that fails with it: assert whole results, and stand on
    both sides of each edge.
    """
    if strength.control:
        return failed(
            f"The tests fail when a comment is added to a file: they notice changes, not bugs. {strength.control}",
            expected="tests that pass",
        )
    bar = f"at least {percent(strength.share)} of {strength.wanted} planted bugs noticed"
    if not strength.bugs:
        return failed(
            "No test runs a line of the learner's own that could be wrong.",
            expected=bar,
            actual="none",
            repair="Take the next task of the milestones, and test what you write.",
        )
    unnoticed = [bug for bug in strength.bugs if not bug.noticed]
    # Two lines with one perfect test are not a strong suite: what could not be planted was not noticed.
    planned = max(len(strength.bugs), strength.wanted)
    share = Fraction(len(strength.bugs) - len(unnoticed), planned)
    few = "" if len(strength.bugs) == planned else f" Only {len(strength.bugs)} could be planted in tested lines."
    changes = "; ".join(f"{b.path}:{b.line} {_change(b.before, b.after)}" for b in unnoticed[:5])
    return partial(
        min(Fraction(1), share / strength.share),
        f"Unnoticed by the tests of their lines: {changes}."
        if unnoticed
        else f"Every planted bug made a test fail.{few}",
        *(Location(b.path, b.line) for b in unnoticed[:SHOWN]),
        expected=bar,
        actual=f"{len(strength.bugs) - len(unnoticed)} of {len(strength.bugs)}",
    )


def _change(before: str, after: str) -> str:
    return f"`{before}` became `{after}`" if after else f"`{before}` was dropped"
