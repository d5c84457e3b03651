"""The comment says what changed, and stays within GitHub's limits by whole parts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from checks.github import limits
from checks.github.annotate import annotated, commands, summary
from checks.github.comment import MARKER, Context, comment, refusal, signed
from checks.github.difference import difference
from checks.model import Assurance, Location, Scorecard, State, failed, passed, unknown
from tests.support import artefacts
from tests.support.artefacts import BAD, SHA, card

OTHER = "acceptance.m1.readiness"
HERE = Context("https://github.example/octo/shop/actions/runs/9", SHA, base="main")


def text(base: Scorecard | None, head: Scorecard, context: Context = HERE) -> str:
    return comment(head, None if base is None else difference(base, head), context)


def test_a_change_is_told_by_score_milestone_coverage_and_check() -> None:
    base = card({"docker.non-root": BAD, OTHER: passed("there")})
    head = card({OTHER: BAD}, coverage=artefacts.coverage(80))
    said = text(base, head)
    assert said.startswith(f"{MARKER}\n## ")
    assert "against `main`" in said
    assert "Line coverage: **80.0 %** (−10.0)." in said
    newly_failing = said.index("### Newly failing")
    newly_passing = said.index("### Newly passing")
    assert newly_failing < said.index(f"`{OTHER}`", newly_failing) < newly_passing
    assert said.index("`docker.non-root`", newly_passing) > newly_passing
    assert "| Milestone | Before | After | Possible |" in said
    assert HERE.run_url in said


def test_only_milestones_that_moved_are_listed() -> None:
    said = text(card(), card({"docs.adrs": BAD}))
    rows = [line for line in said.splitlines() if line.startswith("| m")]
    assert 0 < len(rows) < len(card().milestones)
    assert "No milestone gained or lost points." in text(card(), card())


def test_the_three_best_next_steps_are_named() -> None:
    bad = dict.fromkeys(("docker.non-root", "docs.adrs", "ci.lints", "deploy.oidc-not-keys", "operations.alerts"), BAD)
    said = text(None, card(bad))
    assert "\n3. **+" in said
    assert "\n4. **+" not in said


def test_what_is_not_yet_known_is_neither_lost_nor_won() -> None:
    change = difference(card({"ci.lints": unknown("no network")}), card({"docs.adrs": unknown("no network")}))
    assert (change.failing, change.passing) == ((), ())


def test_why_there_is_no_comparison_is_told() -> None:
    said = text(None, card(), HERE._replace(without="the base branch has no grade"))
    assert "Not compared: the base branch has no grade." in said


def test_a_scorecard_that_is_not_one_of_ci_says_why() -> None:
    said = text(None, card(assurance=Assurance.SELF), HERE._replace(doubt="grade.yml was changed"))
    assert "> Assurance: **self**, since grade.yml was changed." in said
    assert "Assurance" not in text(None, card(assurance=Assurance.CI))


def test_a_refusal_says_why_and_where() -> None:
    said = refusal("the scorecard is of another commit", HERE)
    assert said.startswith(MARKER)
    assert "the scorecard is of another commit." in said


@pytest.mark.parametrize(
    ("share", "said"),
    [(Fraction(0), "±0.0"), (Fraction(1, 10), "+10.0"), (Fraction(-1, 3), "−33.3"), (Fraction(1, 3000), "+0.033")],
)
def test_differences_have_a_sign_and_round_towards_nothing(share: Fraction, said: str) -> None:
    assert signed(share) == said


def test_a_comment_of_seventy_thousand_characters_loses_whole_parts_and_fits() -> None:
    long = failed("<*" * 300, *(Location(f"src/{'x' * 150}{n}.py", n + 1) for n in range(5)), repair="<" * 600)
    head = card({f.id: long for f in card().findings})
    base = card()
    assert len(comment(head, difference(base, head), HERE, limit=10**9)) < limits.COMMENT  # lists are bounded
    both = difference(base, head)._replace(passing=head.findings[:20])
    assert len(comment(head, both, HERE, limit=10**9)) > 70_000
    said = comment(head, both, HERE)
    assert len(said) <= limits.COMMENT
    assert said.startswith(MARKER)
    assert "left out here" in said
    assert "### Newly failing" in said
    assert "### Newly passing" not in said


def test_a_summary_stays_below_its_limit() -> None:
    long = failed("é€😀" * 200, *(Location(f"src/{n}.py", n + 1) for n in range(5)), repair="do " * 200)
    head = card({f.id: long for f in card().findings})
    assert len(summary(head)) <= limits.CHECK_TEXT


# Annotations


def placed(count: int, state: str = "fail") -> Scorecard:
    """A scorecard in which `count` checks fail, each at a line of its own."""
    ids = [f.id for f in card().findings if not f.advisory][:count]
    return card({id_: failed("bad", Location("src/app.py", n + 1)) for n, id_ in enumerate(ids)})


def test_each_failing_check_is_annotated_at_its_place() -> None:
    (found,) = annotated(card({"docker.non-root": failed("It is root.", Location("Dockerfile", 7))}))
    assert (found["path"], found["start_line"], found["end_line"]) == ("Dockerfile", 7, 7)
    assert found["annotation_level"] == "failure"
    assert found["message"].startswith("docker.non-root: It is root.")


def test_a_place_without_a_line_is_the_file() -> None:
    (found,) = annotated(card({"docker.non-root": failed("It is root.", Location("Dockerfile"))}))
    assert found["start_line"] == 1


def test_what_passes_or_is_not_known_is_not_annotated() -> None:
    assert annotated(card({"docs.adrs": unknown("no")})) == []


def test_advice_is_a_notice() -> None:
    advisory = next(f.id for f in card().findings if f.advisory)
    (found,) = annotated(card({advisory: failed("bad", Location("a.py", 1))}))
    assert found["annotation_level"] == "notice"


def test_a_step_prints_no_more_commands_than_a_runner_shows() -> None:
    assert len(annotated(placed(60))) == 60
    assert len(commands(placed(60))) == limits.COMMANDS


def test_commands_are_escaped() -> None:
    (line,) = commands(card({"docker.non-root": failed("100 % bad", Location("a,b:c.py", 2))}))
    assert line.startswith("::error file=a%2Cb%3Ac.py,line=2,title=")
    assert "100 %25 bad" in line


def test_states_are_what_the_sample_says() -> None:
    assert {f.verdict.state for f in placed(3).findings} == {State.PASS, State.FAIL}
