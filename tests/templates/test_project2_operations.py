"""The operations files of a freshly rendered project 2: every validator that understands them has nothing to say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from scaffolder.render import render
from tests.support.tools import require_tool

WORKFLOWS = {"ci.yml", "deploy.yml", "grade.yml", "scaffold-update.yml", "security.yml"}


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered") / "platform"
    render("project2", folder, {"github_owner": "octo-org", "project_name": "sales-platform"})
    # zizmor and actionlint look for the root of a git repository.
    subprocess.run(["git", "init", "--quiet", "--template=", folder], check=True)
    return folder


def run(folder: Path, *command: str | Path) -> str:
    """Run a validator; whatever it prints is the failure's message."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder.parent), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{Path(str(command[0])).name} ended with {done.returncode}:\n{output}"
    return done.stdout


def workflows(starter: Path) -> dict[str, dict[str, Any]]:
    # BaseLoader: YAML 1.1 would read the key `on` as true.
    return {
        path.name: yaml.load(path.read_text(), Loader=yaml.BaseLoader)
        for path in sorted((starter / ".github/workflows").glob("*.yml"))
    }


def test_actionlint_and_shellcheck_accept_every_workflow(starter: Path) -> None:
    found = sorted((starter / ".github/workflows").glob("*.yml"))
    assert {path.name for path in found} >= WORKFLOWS
    assert run(starter, require_tool("actionlint"), "-shellcheck", require_tool("shellcheck"), *found) == ""


def test_zizmor_finds_nothing_in_workflows_and_dependabot(starter: Path) -> None:
    assert json.loads(run(starter, require_tool("zizmor"), "--offline", "--format", "json", ".")) == []


def test_shellcheck_accepts_every_script(starter: Path) -> None:
    scripts = [path for path in starter.rglob("*") if path.is_file() and path.read_bytes().startswith(b"#!/bin/")]
    assert {path.name for path in scripts} >= {"ci", "deploy.sh", "read-stack.sh", "register-image.sh", "smoke-test.sh"}
    assert all(os.access(path, os.X_OK) for path in scripts)
    run(starter, require_tool("shellcheck"), *scripts)


@pytest.mark.parametrize("python_version", ["3.12", "3.13"])
def test_hadolint_accepts_the_dockerfile_of_each_python_version(tmp_path: Path, python_version: str) -> None:
    render("project2", tmp_path / "platform", {"python_version": python_version})
    dockerfile = tmp_path / "platform/Dockerfile"
    bases = re.findall(r"^FROM (\S+)", dockerfile.read_text(), re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(rf"python:{python_version}\.\d+-slim-trixie", base) for base in bases)
    run(tmp_path, require_tool("hadolint"), dockerfile)


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("vendor.github-workflows", ".github/workflows/*.yml"),
        ("vendor.dependabot", ".github/dependabot.yml"),
        ("vendor.compose-spec", "compose*.yaml"),
    ],
)
def test_files_fit_their_published_schemas(starter: Path, schema: str, pattern: str) -> None:
    files = sorted(starter.glob(pattern))
    assert files
    run(starter, require_tool("check-jsonschema"), "--builtin-schema", schema, *files)


@pytest.mark.slow
@pytest.mark.parametrize("files", [["compose.yaml"], ["compose.yaml", "compose.observability.yaml"]])
def test_docker_compose_accepts_its_files(starter: Path, files: list[str]) -> None:
    options = [option for file in files for option in ("-f", file)]
    run(starter, require_tool("docker-compose"), *options, "config", "-q")


@pytest.mark.slow
def test_cfn_lint_accepts_the_templates(starter: Path) -> None:
    templates = sorted((starter / "infra").glob("*.yaml"))
    assert {path.name for path in templates} == {"account.yaml", "platform.yaml"}
    run(starter, require_tool("cfn-lint"), *templates)


def test_parameters_are_those_that_the_template_asks_for(starter: Path) -> None:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short forms as nothing: only the names of parameters matter here."""

    Loader.add_multi_constructor("!", lambda *_: None)
    declared = yaml.load((starter / "infra/platform.yaml").read_text(), Loader=Loader)["Parameters"]
    required = {name for name, parameter in declared.items() if "Default" not in parameter}
    for environment in ("staging", "production"):
        given = json.loads((starter / f"infra/parameters/{environment}.json").read_text())
        values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in given}
        assert values["Environment"] == environment
        assert required <= values.keys() <= declared.keys()


@pytest.mark.slow
def test_prometheus_accepts_configuration_and_rules_and_the_rule_tests_pass(starter: Path) -> None:
    promtool = require_tool("promtool")
    run(starter, promtool, "check", "config", "ops/prometheus/prometheus.yml")
    run(starter, promtool, "check", "rules", "ops/prometheus/alerts.yml", "ops/prometheus/recording.yml")
    run(starter, promtool, "test", "rules", "ops/prometheus/alerts_test.yml")


@pytest.mark.slow
def test_alertmanager_accepts_its_configuration(starter: Path) -> None:
    run(starter, require_tool("amtool"), "check-config", "ops/alertmanager/alertmanager.yml")


def test_every_alert_links_to_a_runbook_that_is_there_and_has_a_rule_test(starter: Path) -> None:
    rules = yaml.safe_load((starter / "ops/prometheus/alerts.yml").read_text())
    tested = {
        case["alertname"]
        for test in yaml.safe_load((starter / "ops/prometheus/alerts_test.yml").read_text())["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    alerts = {rule["alert"]: rule["annotations"] for group in rules["groups"] for rule in group["rules"]}
    assert alerts
    assert tested == alerts.keys()
    for name, told in alerts.items():
        runbook = "docs/runbooks/" + re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() + ".md"
        assert told["runbook_url"] == "{{ $externalLabels.repository }}/blob/main/" + runbook
        assert (starter / runbook).is_file()


def test_the_dashboard_reads_only_recorded_or_known_metrics(starter: Path) -> None:
    dashboard = json.loads((starter / "ops/grafana/dashboards/processes.json").read_text())
    recorded = {
        rule["record"]
        for group in yaml.safe_load((starter / "ops/prometheus/recording.yml").read_text())["groups"]
        for rule in group["rules"]
    }
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(expressions) > 10
    used = {name for expression in expressions for name in re.findall(r"\bjob:[a-z0-9_]+:[a-z0-9_]+", expression)}
    assert used
    assert used <= recorded
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_workflows_have_least_permissions_limits_and_pinned_actions(starter: Path) -> None:
    found = workflows(starter)
    for name, workflow in found.items():
        assert workflow["permissions"] == {}, name
        assert "concurrency" in workflow, name
        for job_name, job in workflow["jobs"].items():
            assert "permissions" in job, (name, job_name)
            assert "uses" in job or "timeout-minutes" in job, (name, job_name)
            for step in job.get("steps", []):
                uses = step.get("uses")
                assert uses is None or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses), (name, uses)
                if uses is not None and uses.startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] == "false", (name, job_name)


def test_every_pinned_action_names_its_version_and_has_one_pin(starter: Path) -> None:
    pins: dict[str, set[str]] = {}
    for path in (starter / ".github/workflows").glob("*.yml"):
        for action, pin in re.findall(r"uses: ([\w-]+/[\w-]+)\S*@(.*)", path.read_text()):
            assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), (path.name, action, pin)
            pins.setdefault(action, set()).add(pin)
    assert pins
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


def test_nothing_is_deployed_before_the_tests_and_production_takes_what_staging_tried(starter: Path) -> None:
    jobs = workflows(starter)["deploy.yml"]["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    assert jobs["staging"]["needs"] == "test"
    assert jobs["production"]["needs"] == "staging"
    built = [
        step for job in jobs.values() for step in job.get("steps", []) if "build-push-action" in step.get("uses", "")
    ]
    assert len(built) == 1
    for name in ("staging", "production"):
        assert jobs[name]["environment"]["name"] == name
        assert jobs[name]["permissions"] == {"contents": "read", "id-token": "write"}
        titles = [step.get("name") for step in jobs[name]["steps"]]
        order = ["Migrate the database", "Deploy each service", "Smoke test", "Redeploy the previous revision"]
        assert [title for title in titles if title in order] == order


def test_the_grade_workflow_installs_all_that_a_grading_can_use(starter: Path) -> None:
    described = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    measuring = set(described["optional-dependencies"]) - {"github"}  # that one publishes
    requirement = re.fullmatch(
        r"backend-scaffold\[([a-z,]+)\]==[\d.]+", workflows(starter)["grade.yml"]["env"]["GRADER"]
    )
    assert requirement is not None
    assert set(requirement[1].split(",")) == measuring


def test_every_operations_file_says_in_its_first_lines_what_it_is_for(starter: Path) -> None:
    patterns = (".github/**/*", "ops/**/*.y*ml", "ops/**/*.sh", "infra/*", "compose*.yaml", "Dockerfile")
    dotfiles = (".dockerignore", ".editorconfig", ".gitattributes", ".gitignore", ".pre-commit-config.yaml")
    files = [path for pattern in patterns for path in starter.glob(pattern) if path.is_file()]
    files += [starter / name for name in dotfiles] + [starter / ".devcontainer/devcontainer.json"]
    assert len(files) > 20
    for path in files:
        start = "\n".join(path.read_text().splitlines()[:3])
        assert re.search(r"^(#|//|<!--|Description:)", start, re.MULTILINE), path
