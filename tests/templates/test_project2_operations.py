"""The operations files of a freshly rendered project 2: every validator that understands them has nothing to say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scaffolder.render import render
from tests.support import operations


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    answers = {"github_owner": "octo-org", "project_name": "sales-platform"}
    return operations.rendered("project2", tmp_path_factory.mktemp("rendered") / "platform", answers)


def test_actionlint_and_shellcheck_accept_every_workflow(starter: Path) -> None:
    operations.actionlint_accepts_every_workflow(starter)


def test_zizmor_finds_nothing_in_workflows_and_dependabot(starter: Path) -> None:
    operations.zizmor_finds_nothing(starter)


def test_shellcheck_accepts_every_script(starter: Path) -> None:
    operations.shellcheck_accepts_every_script(starter)


@pytest.mark.parametrize("python_version", ["3.12", "3.13"])
def test_hadolint_accepts_the_dockerfile_of_each_python_version(tmp_path: Path, python_version: str) -> None:
    render("project2", tmp_path / "platform", {"python_version": python_version})
    bases = operations.hadolint_accepts_the_dockerfile(tmp_path / "platform")
    assert len(bases) == 2
    assert all(re.fullmatch(rf"python:{python_version}\.\d+-slim-trixie", base) for base in bases)


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("vendor.github-workflows", ".github/workflows/*.yml"),
        ("vendor.dependabot", ".github/dependabot.yml"),
        ("vendor.compose-spec", "compose*.yaml"),
    ],
)
def test_files_fit_their_published_schemas(starter: Path, schema: str, pattern: str) -> None:
    operations.files_fit_their_published_schema(starter, schema, pattern)


@pytest.mark.slow
@pytest.mark.parametrize("files", [["compose.yaml"], ["compose.yaml", "compose.observability.yaml"]])
def test_docker_compose_accepts_its_files(starter: Path, files: list[str]) -> None:
    operations.compose_accepts(starter, files)


@pytest.mark.slow
def test_cfn_lint_accepts_the_templates(starter: Path) -> None:
    operations.cfn_lint_accepts_the_templates(starter)


def test_parameters_are_those_that_the_template_asks_for(starter: Path) -> None:
    operations.parameters_are_those_that_the_template_asks_for(starter)


@pytest.mark.slow
def test_prometheus_accepts_configuration_and_rules_and_the_rule_tests_pass(starter: Path) -> None:
    operations.prometheus_accepts_configuration_and_rules(starter)


@pytest.mark.slow
def test_alertmanager_accepts_its_configuration(starter: Path) -> None:
    operations.alertmanager_accepts_its_configuration(starter)


def test_every_alert_links_to_a_runbook_that_is_there_and_has_a_rule_test(starter: Path) -> None:
    operations.every_alert_has_runbook_and_rule_test(starter)


def test_the_dashboard_reads_only_recorded_or_known_metrics(starter: Path) -> None:
    operations.dashboard_reads_recorded_metrics(starter)


def test_workflows_have_least_permissions_limits_and_pinned_actions(starter: Path) -> None:
    operations.workflows_have_least_permissions_and_limits(starter)


def test_every_pinned_action_names_its_version_and_has_one_pin(starter: Path) -> None:
    operations.every_action_has_one_pin_with_its_version(starter)


def test_nothing_is_deployed_before_the_tests_and_production_takes_what_staging_tried(starter: Path) -> None:
    operations.production_takes_what_staging_tried(starter)


def test_the_grade_workflow_installs_all_that_a_grading_can_use(starter: Path) -> None:
    operations.grade_workflow_installs_all_that_a_grading_can_use(starter)


def test_strangers_code_and_writing_never_meet(starter: Path) -> None:
    operations.strangers_code_and_writing_never_meet(starter)


def test_every_operations_file_says_in_its_first_lines_what_it_is_for(starter: Path) -> None:
    operations.every_operations_file_says_what_it_is_for(starter)
