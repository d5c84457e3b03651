"""What counts as green, deployed and live, and the short cuts to it that are closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.evidence import workflows
from checks.evidence.forge import Deployment, Forge, ForgeRun, Protection
from checks.evidence.live import Live, Probe
from checks.evidence.workflows import Workflows
from checks.model import State
from checks.rules import forge as rules
from checks.testing import repository

A, B = "a" * 40, "b" * 40
CI, DEPLOY = ".github/workflows/ci.yml", ".github/workflows/deploy.yml"
FILES = {
    CI: "on: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: pytest\n",
    DEPLOY: "on: push\njobs:\n  production:\n    runs-on: ubuntu-24.04\n    environment: production\n    steps:\n"
    "      - run: aws ecs update-service --cluster a --service b\n",
    "src/app.py": "x = 1\n",
}
GREEN = ForgeRun(2, CI, B, "success", "main")
MADE = ForgeRun(3, DEPLOY, B, "success", "main")
DEPLOYED = Deployment(B, "success", "2026-11-20T12:00:00Z", "https://shop.example", MADE)


@pytest.fixture
def parsed(tmp_path: Path) -> Workflows:
    return workflows.collect(repository(tmp_path, FILES))


def forge(**members: Any) -> Forge:
    return Forge("octo/shop", "main", B)._replace(**members)


def test_ci_is_green_when_the_newest_commit_passed(parsed: Workflows) -> None:
    found = rules.ci_is_green(forge(runs=(GREEN, MADE._replace(conclusion="failure"))), parsed)
    assert found.state is State.PASS


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "skipped", "timed_out", "neutral", "action_required"])
def test_any_other_end_is_not_green(parsed: Workflows, conclusion: str) -> None:
    found = rules.ci_is_green(forge(runs=(GREEN._replace(conclusion=conclusion), GREEN._replace(id=1))), parsed)
    assert found.state is State.FAIL


def test_a_commit_that_ci_was_told_to_skip_is_not_green(parsed: Workflows) -> None:
    assert rules.ci_is_green(forge(runs=(GREEN._replace(sha=A),)), parsed).state is State.FAIL


def test_another_workflow_that_is_green_does_not_stand_in_for_the_tests(parsed: Workflows) -> None:
    assert rules.ci_is_green(forge(runs=(GREEN._replace(path=".github/workflows/x.yml"),)), parsed).state is State.FAIL


def test_a_run_under_way_is_not_yet_known(parsed: Workflows) -> None:
    assert rules.ci_is_green(forge(runs=(GREEN._replace(conclusion=None), GREEN)), parsed).state is State.ERROR


def test_green_without_tests_is_blocked_by_their_absence(tmp_path: Path) -> None:
    empty = workflows.collect(repository(tmp_path, {CI: FILES[CI].replace("pytest", "echo pytest")}))
    found = rules.ci_is_green(forge(runs=(GREEN,)), empty)
    assert (found.state, found.blocked_by) == (State.BLOCKED, "ci.runs-tests-on-push")


def test_a_deployment_by_the_pipeline_passes_and_tells_its_age(parsed: Workflows) -> None:
    found = rules.production_is_deployed(forge(deployment=DEPLOYED), parsed)
    assert found.state is State.PASS
    assert found.actual is not None
    assert found.actual.startswith("success, ")


@pytest.mark.parametrize(
    "deployment",
    [
        None,
        DEPLOYED._replace(state="failure"),
        DEPLOYED._replace(state="inactive"),
        DEPLOYED._replace(run=None),
        DEPLOYED._replace(run=MADE._replace(path=CI)),
        DEPLOYED._replace(run=MADE._replace(conclusion="failure")),
        DEPLOYED._replace(run=MADE._replace(conclusion=None)),
        DEPLOYED._replace(run=MADE._replace(sha=A)),
        DEPLOYED._replace(run=MADE._replace(branch="topic")),
        DEPLOYED._replace(ahead=True),
        DEPLOYED._replace(url=None),
    ],
    ids=["none", "failed", "torn down", "by hand", "by a workflow that deploys nothing", "of a red run",
         "of a run under way", "of another run", "from a branch", "beside the branch", "of nothing"],
)  # fmt: skip
def test_other_deployments_prove_nothing(parsed: Workflows, deployment: Deployment | None) -> None:
    assert rules.production_is_deployed(forge(deployment=deployment), parsed).state is State.FAIL


UP = Probe("https://shop.example", 200, 200, B, "graded")


@pytest.mark.parametrize(
    "live",
    [Live((UP,)), Live((UP,), B), Live((UP._replace(history="earlier"),)), Live((UP._replace(history="foreign"),), B)],
    ids=["given", "deployed", "earlier", "newer than the graded one, as GitHub says"],
)
def test_a_live_application_with_a_commit_of_this_repository_passes(live: Live) -> None:
    assert rules.live_application_names_its_commit(live).state is State.PASS


@pytest.mark.parametrize(
    "live",
    [
        Live((UP._replace(history="foreign"),)),
        Live((UP,), A),
        Live((UP._replace(commit=None),)),
        Live((UP._replace(health=500),)),
        Live((UP._replace(ready=503),)),
        Live((UP._replace(problem="no answer"),)),
        Live((UP, UP._replace(ready=404))),
    ],
    ids=["a stranger's", "not the deployed one", "unnamed", "sick", "not ready", "silent", "one of two"],
)
def test_others_fail(live: Live) -> None:
    assert rules.live_application_names_its_commit(live).state is State.FAIL


def test_a_shallow_clone_cannot_tell() -> None:
    live = Live((UP._replace(history="unknown"),))
    assert rules.live_application_names_its_commit(live).state is State.ERROR


@pytest.mark.parametrize(
    ("protection", "state"),
    [
        (Protection(True, ("Grade",), True), State.PASS),
        (Protection(True, (), True), State.PARTIAL),
        (Protection(False, (), False), State.FAIL),
        (None, State.ERROR),
    ],
)
def test_branch_rules_are_judged_by_what_they_demand(protection: Protection | None, state: State) -> None:
    assert rules.default_branch_has_rules(forge(protection=protection)).state is state


@pytest.mark.parametrize(("merged", "state"), [(0, State.FAIL), (2, State.PARTIAL), (5, State.PASS), (50, State.PASS)])
def test_pull_requests_are_a_habit_from_five_on(merged: int, state: State) -> None:
    assert rules.work_goes_through_pull_requests(forge(merged=merged)).state is state


def test_a_published_release_passes() -> None:
    assert rules.has_a_release(forge(releases=("v1.0.0",))).state is State.PASS
    assert rules.has_a_release(forge()).state is State.FAIL
