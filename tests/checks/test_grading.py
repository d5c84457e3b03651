"""From a repository to its mark: a copy is marked on the scorecard and loses no point by it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from checks.fingerprints import build, dumps
from checks.grading import PROVISIONAL_SECONDS, Options, grade
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


@pytest.fixture
def without_a_history(tmp_path: Path) -> Project:
    """A project whose one check needs a history, which a folder that is no git repository has not."""
    milestone = Milestone("m1", 1, "One", 10, "docs/m1.md", (), (WeightedCheck("security.no-secrets-in-history", 1),))
    own = project()._replace(folder=tmp_path / "template", milestones=(milestone,))
    write_tree(own.folder, {"project.toml": "id = 'p'\n"})
    write_tree(tmp_path / "repo", {"README.md": "# Hello\n"})
    return own


def measured(root: Path, own: Project) -> Scorecard:
    return grade(open_repository(root / "repo"), own, Options(cache=root / "cache"))


def test_what_could_not_be_measured_is_kept_for_a_while_and_then_tried_again(
    tmp_path: Path, without_a_history: Project
) -> None:
    first = measured(tmp_path, without_a_history)
    assert (first.provisional, first.cached) == (True, False)
    assert measured(tmp_path, without_a_history).cached

    (kept,) = (tmp_path / "cache" / "scorecards").glob("*.json")
    old = datetime.fromisoformat(first.graded_at) - timedelta(seconds=PROVISIONAL_SECONDS + 1)
    written = old.isoformat(timespec="seconds").replace("+00:00", "Z")
    kept.write_text(kept.read_text(encoding="utf-8").replace(first.graded_at, written), encoding="utf-8")
    assert not measured(tmp_path, without_a_history).cached


def test_what_could_not_be_measured_is_tried_again_once_something_was_installed(
    tmp_path: Path, without_a_history: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{programs}")
    measured(tmp_path, without_a_history)
    assert measured(tmp_path, without_a_history).cached
    (programs / "docker").touch()
    assert not measured(tmp_path, without_a_history).cached
