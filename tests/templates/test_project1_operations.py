"""The operations files of a freshly rendered project 1: every validator that understands them has nothing to say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.support import operations

RAILS_VERSIONS = ["7.2", "8.1"]


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    answers = {"github_owner": "octo-org", "project_name": "bird-shop"}
    return operations.rendered("project1", tmp_path_factory.mktemp("rendered") / "shop", answers)


def test_actionlint_and_shellcheck_accept_every_workflow(starter: Path) -> None:
    operations.actionlint_accepts_every_workflow(starter)


def test_zizmor_finds_nothing_in_workflows_and_dependabot(starter: Path) -> None:
    operations.zizmor_finds_nothing(starter)


def test_shellcheck_accepts_every_script(starter: Path) -> None:
    operations.shellcheck_accepts_every_script(starter)


@pytest.mark.parametrize("rails_version", RAILS_VERSIONS)
def test_hadolint_accepts_the_dockerfile_whose_ruby_is_that_of_ruby_version(tmp_path: Path, rails_version: str) -> None:
    starter = operations.rendered("project1", tmp_path / "shop", {"rails_version": rails_version})
    stages = operations.hadolint_accepts_the_dockerfile(starter)
    version = (starter / ".ruby-version").read_text().strip()
    assert stages == [f"ruby:{version}-slim-trixie", "base", "base"]


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


def test_every_process_runs_the_same_command_everywhere(starter: Path) -> None:
    procfile = dict(line.split(": ", 1) for line in (starter / "Procfile").read_text().splitlines() if line[0] != "#")
    compose = yaml.safe_load((starter / "compose.yaml").read_text())["services"]
    infrastructure = (starter / "infra/platform.yaml").read_text()
    assert set(procfile) == {"release", "web", "worker"}
    for name, line in procfile.items():
        command = line.removeprefix("exec ").removeprefix("env VERBOSE=false ").split()
        assert compose[name]["command"] == command
        assert "Command: [" + ", ".join(f'"{word}"' for word in command) + "]" in infrastructure


@pytest.mark.parametrize("rails_version", RAILS_VERSIONS)
def test_the_lock_file_fits_the_gemfile_and_is_complete_in_itself(tmp_path: Path, rails_version: str) -> None:
    starter = operations.rendered("project1", tmp_path / "shop", {"rails_version": rails_version})
    gemfile = dict(re.findall(r'^ *gem "([\w-]+)"(.*)$', (starter / "Gemfile").read_text(), re.MULTILINE))
    specs, _, rest = (starter / "Gemfile.lock").read_text().partition("\nPLATFORMS\n")
    locked = set(re.findall(r"^    ([\w-]+) \(", specs, re.MULTILINE))
    needed = set(re.findall(r"^      ([\w-]+)", specs, re.MULTILINE)) - {"bundler"}
    assert needed <= locked
    platforms, _, dependencies = rest.partition("\n\nDEPENDENCIES\n")
    assert platforms.split() == ["aarch64-linux", "ruby", "x86_64-linux"]
    wanted = dict(re.findall(r"^  ([\w-]+)(?: \((.*)\))?$", dependencies, re.MULTILINE))
    assert wanted == {
        name: ", ".join(re.findall(r'"([~<>=]+ [\d.]+)"', requirements)) for name, requirements in gemfile.items()
    }
    assert re.search(rf"^    rails \({re.escape(rails_version)}\.\d", specs, re.MULTILINE)


@pytest.mark.parametrize("rails_version", RAILS_VERSIONS)
def test_only_gemfile_lock_defaults_and_schema_follow_the_version_of_rails(tmp_path: Path, rails_version: str) -> None:
    starter = operations.rendered("project1", tmp_path / "shop", {"rails_version": rails_version})
    assert f'gem "rails", "~> {rails_version}.0"' in (starter / "Gemfile").read_text()
    assert f"config.load_defaults {rails_version}\n" in (starter / "config/application.rb").read_text()
    assert f"ActiveRecord::Schema[{rails_version}]" in (starter / "db/schema.rb").read_text()
    other = operations.rendered("project1", tmp_path / "other", {})
    differ = {
        str(path.relative_to(starter))
        for path in starter.rglob("*")
        if path.is_file()
        and path.relative_to(starter).parts[0] not in (".git", ".scaffold")
        and path.read_bytes() != (other / path.relative_to(starter)).read_bytes()
    }
    follow = {"Gemfile", "Gemfile.lock", "README.md", "config/application.rb", "db/schema.rb"}
    assert differ == ({*follow} if rails_version != "8.1" else set())
