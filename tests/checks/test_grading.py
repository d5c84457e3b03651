"""From a repository to its mark: a copy is marked on the scorecard and loses no point by it."""

from __future__ import annotations

from pathlib import Path

from checks.fingerprints import build, dumps
from checks.grading import Options, grade
from checks.model import Scorecard
from checks.repository import open_repository
from checks.testing import write_tree
from scaffolder.projects import Milestone, Project, WeightedCheck
from tests.checks.runners.workshop import project
from tests.checks.test_fingerprints import SOLUTION, STARTER, raw
from tests.support.disguise import renamed


def graded(root: Path, own: Project) -> Scorecard:
    return grade(open_repository(root / "repo"), own, Options(cache=root / "cache", static=True))


def test_a_copy_is_marked_without_losing_a_point_and_new_fingerprints_are_not_answered_from_the_cache(
    tmp_path: Path,
) -> None:
    checks = (WeightedCheck("security.env-file-not-tracked", 1), WeightedCheck("originality.own-work", 1))
    milestone = Milestone("m1", 1, "One", 10, "docs/m1.md", (), checks)
    own = project()._replace(folder=tmp_path / "template", milestones=(milestone,))
    write_tree(own.folder, {"project.toml": "id = 'p'\n"})
    write_tree(tmp_path / "repo", {".gitignore": ".env\n", **STARTER, **renamed(SOLUTION)})

    before = graded(tmp_path, own)
    assert before.originality is None
    assert graded(tmp_path, own).cached
    own.fingerprints.write_text(dumps(build(raw(STARTER), raw(STARTER | SOLUTION))), encoding="utf-8")
    after = graded(tmp_path, own)

    assert not after.cached
    assert after.largely_reference
    assert (after.earned, after.possible) == (before.earned, before.possible) == (10, 10)
    again = graded(tmp_path, own)
    assert again.cached
    assert again.originality == after.originality
