"""Rules about what the template owns, and about how much of the learner's work is still marked as open."""

from __future__ import annotations

from fractions import Fraction

from checks.evidence.scaffold import CODE, LOCK, Markers, Originals, Scaffold, TemplateFile
from checks.model import Location, Verdict, check, failed, not_applicable, partial, passed

CONTRACT = "docs/openapi.yaml"
WORKFLOW = ".github/workflows/grade.yml"
WORKFLOWS = ".github/"
OWN_SHARE = Fraction(1, 2)  # half of the source: what is left of a starter is then the smaller part


def _untouched(scaffold: Scaffold, originals: Originals, key: str, *, workflows: bool, what: str) -> Verdict:
    """Judge the tool-owned files of one kind by the record of the template and by the grader's own copy."""
    if scaffold.problem is not None:
        return failed(f"{scaffold.problem}.", Location(LOCK), repair=f"Restore it: git checkout HEAD~1 -- {LOCK}")
    if scaffold.project is None:
        return not_applicable("This repository was not made from a template.")
    recorded = {f.path: f for f in scaffold.files if f.owner == "tool" and f.path.startswith(WORKFLOWS) == workflows}
    comparable = (originals.project, originals.version) == (scaffold.project, scaffold.version)
    copies = [f for f in originals.files if comparable and f.path.startswith(WORKFLOWS) == workflows]
    if key not in recorded:
        return failed(f"The template's record does not list {key} as its own.", Location(LOCK))
    changed: list[TemplateFile] = [f for f in recorded.values() if f.state != "pristine"]
    if changed:
        places = (Location(f.path) for f in changed[:20])
        return failed(f"{changed[0].path} is {changed[0].state}.", *places, expected="as the template made it",
                      actual=f"{len(changed)} changed")  # fmt: skip
    forged = [f for f in copies if f.state != "pristine"]
    if forged:
        places = (Location(f.path) for f in forged[:20])
        return failed(f"{forged[0].path} is {forged[0].state}, and the template's record was changed with it.", *places,
                      expected=f"as version {originals.version} of the template made it")  # fmt: skip
    return passed(f"The {what} as the template made it.", *(Location(path) for path in recorded))


@check("starter.contract-untouched", effort="small")
def keeps_the_contract(scaffold: Scaffold, originals: Originals) -> Verdict:
    """The API contract and the milestones' documents are those that the project was given.

    A contract is an agreement with others. Acceptance tests hold the application to the grader's own copy, so editing
    yours changes nothing but what your readers believe.

    Restore the files (`git checkout <first commit> -- docs/openapi.yaml`) and change the code instead.
    """
    return _untouched(scaffold, originals, CONTRACT, workflows=False, what="contract and the milestones are")


@check("starter.grade-workflow-untouched", effort="small")
def keeps_the_grade_workflow(scaffold: Scaffold, originals: Originals) -> Verdict:
    """The workflows that grade pull requests are the template's.

    A scorecard from a workflow that was changed says nothing about how it was measured, so nobody can rely on it.

    Restore `.github/workflows/grade.yml` from the first commit, or bring it up to date with `scaffold update`.
    """
    return _untouched(scaffold, originals, WORKFLOW, workflows=True, what="workflows of the grade are")


@check("starter.markers-cleared", effort="large", advisory=True)
def has_no_open_tasks(markers: Markers) -> Verdict:
    """No task of the starter is left open in the source.

    Each `TODO(mN.K)` marks a task of a milestone. They show how far the work is; removing the comment is not the work,
    so this is told and never scored.

    Take the lowest number, read its section in `docs/milestones/`, do it, and delete the marker with the stub.
    """
    if not markers.found:
        return passed("No task is marked as open.")
    by_milestone: dict[str, set[str]] = {}
    for marker in markers.found:
        by_milestone.setdefault(marker.task.split(".")[0], set()).add(marker.task)
    order = sorted(by_milestone, key=lambda name: int(name[1:]))
    summary = ", ".join(f"{name}: {len(by_milestone[name])}" for name in order)
    places = [Location(m.path, m.line) for m in sorted(markers.found, key=lambda m: _number(m.task))[:20]]
    return failed("Tasks are marked as open.", *places, expected="none", actual=summary)


def _number(task: str) -> tuple[int, ...]:
    return tuple(int(part) for part in task[1:].split("."))


@check("starter.code-of-their-own", effort="large", advisory=True)
def has_code_of_its_own(scaffold: Scaffold) -> Verdict:
    """Most of the source is the learner's own.

    A portfolio shows what you can do, and an interviewer asks about the parts that you wrote. An edited file is not yet
    a good one, so this is told and never scored.

    Work through the milestones: each names the files that are stubs, and what belongs into them.
    """
    if scaffold.project is None:
        return not_applicable(f"{scaffold.problem or 'This repository was not made from a template'}.")
    seeds = [f for f in scaffold.files if f.owner == "seed" and f.path.endswith(tuple(CODE)) and not f.empty]
    pristine = [f for f in seeds if f.state == "pristine"]
    own = scaffold.own + sum(1 for f in seeds if f.state == "edited")
    total = own + len(pristine)
    if not total:
        return failed("There is no source file.")
    share = min(Fraction(own, total) / OWN_SHARE, Fraction(1))
    return partial(share, f"{'Most' if share == 1 else 'Too few'} source files are new or were changed.",
                   *(Location(f.path) for f in pristine[:20]), expected=f"at least {OWN_SHARE} of them",
                   actual=f"{own} of {total}")  # fmt: skip
