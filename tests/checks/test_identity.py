"""Assurance is `ci` only where the record, the commit and the template's workflow agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from checks.identity import GRADE, recorded, signed
from checks.model import Assurance, Scorecard
from checks.repository import Repository, open_repository
from checks.testing import repository
from tests.support.artefacts import PROJECT, card

WORKFLOW = (PROJECT.starter / GRADE).read_bytes()


@pytest.fixture
def work(tmp_path: Path) -> Repository:
    return repository(tmp_path / "shop", {GRADE: WORKFLOW}, git=True)


def actions(work: Repository, **more: str) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "octo/shop",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": work.commit or "",
        "GITHUB_WORKFLOW_REF": f"octo/shop/{GRADE}@refs/heads/main",
        "GITHUB_RUN_ID": "9",
        "GITHUB_RUN_ATTEMPT": "2",
        **more,
    }


def own(work: Repository) -> Scorecard:
    made = card()
    return made._replace(
        subject=made.subject._replace(commit=work.commit, dirty=len(work.dirty)),
        workflow=None,
        assurance=Assurance.SELF,
    )


def graded(work: Repository, environment: Mapping[str, str]) -> Scorecard:
    return signed(own(work), work, PROJECT, environment)


def test_a_run_of_the_templates_workflow_is_ci(work: Repository) -> None:
    found = graded(work, actions(work))
    assert found.assurance is Assurance.CI
    assert found.workflow is not None
    assert (found.workflow.repository, found.workflow.run_id, found.workflow.attempt) == ("octo/shop", 9, 2)
    assert found.workflow.path == GRADE


def test_a_pull_request_is_graded_at_its_head(work: Repository, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"sha": work.commit}}}))
    environment = actions(work, GITHUB_SHA="e" * 40, GITHUB_EVENT_PATH=str(event))
    assert graded(work, environment).assurance is Assurance.CI


def test_outside_actions_nothing_is_claimed(work: Repository) -> None:
    assert graded(work, {}) == own(work)
    assert recorded(work, actions(work, GITHUB_ACTIONS="")) is None


@pytest.mark.parametrize(
    "change",
    [{"GITHUB_WORKFLOW_REF": ""}, {"GITHUB_WORKFLOW_REF": "x"}, {"GITHUB_RUN_ID": ""}, {"GITHUB_RUN_ID": "²"}],
    ids=["no workflow", "an odd workflow", "no run", "no number"],
)
def test_a_run_that_does_not_name_itself_is_not_recorded(work: Repository, change: dict[str, str]) -> None:
    assert recorded(work, actions(work, **change)) is None


def test_a_changed_workflow_is_named_with_its_repair(tmp_path: Path) -> None:
    work = repository(tmp_path / "shop", {GRADE: WORKFLOW + b"# all points\n"}, git=True)
    found = graded(work, actions(work))
    assert found.assurance is Assurance.SELF
    assert any(GRADE in note and "was changed" in note and "scaffold update" in note for note in found.notes)


def test_another_workflow_is_not_the_templates(work: Repository) -> None:
    found = graded(work, actions(work, GITHUB_WORKFLOW_REF="octo/shop/.github/workflows/mine.yml@refs/heads/main"))
    assert found.assurance is Assurance.SELF
    assert any("mine.yml" in note for note in found.notes)


def test_another_commit_than_the_runs_is_not_ci(work: Repository) -> None:
    assert graded(work, actions(work, GITHUB_SHA="e" * 40)).assurance is Assurance.SELF
    assert graded(work, actions(work, GITHUB_SHA="")).assurance is Assurance.SELF


def test_changed_files_are_not_ci(tmp_path: Path) -> None:
    tree = repository(tmp_path / "shop", {GRADE: WORKFLOW, "a.py": "x = 1\n"}, git=True)
    (tree.root / "a.py").write_text("x = 2\n")
    work = open_repository(tree.root)
    assert graded(work, actions(work)).assurance is Assurance.SELF
