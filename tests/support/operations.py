"""The operations files of a rendered starter, judged by every validator that understands them.

Each function asserts; the tests of a project call those that apply to it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml

from scaffolder.projects import find_project
from scaffolder.render import render_project
from tests.support.tools import require_tool

WORKFLOWS = {"ci.yml", "deploy.yml", "grade.yml", "grade-report.yml", "scaffold-update.yml", "security.yml"}
SCRIPTS = {"ci", "deploy.sh", "read-stack.sh", "register-image.sh", "smoke-test.sh"}


def rendered(project: str, folder: Path, answers: dict[str, str]) -> Path:
    """Render a starter into a folder that is the root of a git repository, which zizmor and actionlint look for.

    A project that is planned yet is rendered, too: its starter may be there before its scenarios.
    """
    render_project(find_project(project)._replace(status="ready"), folder, answers)
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


def actionlint_accepts_every_workflow(starter: Path) -> None:
    """actionlint and shellcheck have nothing to say."""
    found = sorted((starter / ".github/workflows").glob("*.yml"))
    assert {path.name for path in found} >= WORKFLOWS
    assert run(starter, require_tool("actionlint"), "-shellcheck", require_tool("shellcheck"), *found) == ""


def zizmor_finds_nothing(starter: Path) -> None:
    """zizmor finds nothing in workflows and dependabot."""
    assert json.loads(run(starter, require_tool("zizmor"), "--offline", "--format", "json", ".")) == []


def shellcheck_accepts_every_script(starter: Path) -> None:
    """Scripts are executable, and shellcheck accepts those for a shell."""
    scripts = [path for path in starter.rglob("*") if path.is_file() and path.read_bytes().startswith(b"#!/bin/")]
    assert {path.name for path in scripts} >= SCRIPTS
    assert all(os.access(path, os.X_OK) for path in scripts)
    run(starter, require_tool("shellcheck"), *scripts)


def hadolint_accepts_the_dockerfile(starter: Path) -> list[str]:
    """hadolint accepts the Dockerfile; gives the images that its stages begin with."""
    dockerfile = starter / "Dockerfile"
    run(starter, require_tool("hadolint"), dockerfile)
    return re.findall(r"^FROM (\S+)", dockerfile.read_text(), re.MULTILINE)


def files_fit_their_published_schema(starter: Path, schema: str, pattern: str) -> None:
    """check-jsonschema accepts the files that fit the pattern."""
    files = sorted(starter.glob(pattern))
    assert files
    run(starter, require_tool("check-jsonschema"), "--builtin-schema", schema, *files)


def compose_accepts(starter: Path, files: list[str]) -> None:
    """docker-compose accepts the files together."""
    options = [option for file in files for option in ("-f", file)]
    run(starter, require_tool("docker-compose"), *options, "config", "-q")


def cfn_lint_accepts_the_templates(starter: Path) -> None:
    """cfn-lint accepts both CloudFormation templates."""
    templates = sorted((starter / "infra").glob("*.yaml"))
    assert {path.name for path in templates} == {"account.yaml", "platform.yaml"}
    run(starter, require_tool("cfn-lint"), *templates)


def alertmanager_accepts_its_configuration(starter: Path) -> None:
    """amtool accepts the configuration."""
    run(starter, require_tool("amtool"), "check-config", "ops/alertmanager/alertmanager.yml")


def parameters_are_those_that_the_template_asks_for(starter: Path) -> None:
    """The parameter files give what infra/platform.yaml needs, and nothing that it doesn't know."""

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


def prometheus_accepts_configuration_and_rules(starter: Path) -> None:
    """promtool has nothing to say, and the rule tests pass."""
    promtool = require_tool("promtool")
    run(starter, promtool, "check", "config", "ops/prometheus/prometheus.yml")
    run(starter, promtool, "check", "rules", "ops/prometheus/alerts.yml", "ops/prometheus/recording.yml")
    run(starter, promtool, "test", "rules", "ops/prometheus/alerts_test.yml")


def every_alert_has_runbook_and_rule_test(starter: Path) -> None:
    """Each alert links to a runbook that is there, and a rule test sees it fire."""
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


def dashboard_reads_recorded_metrics(starter: Path) -> None:
    """What the dashboard reads is recorded, and its panels have ids of their own."""
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


def workflows_have_least_permissions_and_limits(starter: Path) -> None:
    """No workflow may more than it needs, runs for ever, or runs an action that can change."""
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


def every_action_has_one_pin_with_its_version(starter: Path) -> None:
    """Each action is pinned to one commit, with its version beside it."""
    pins: dict[str, set[str]] = {}
    for path in (starter / ".github/workflows").glob("*.yml"):
        for action, pin in re.findall(r"uses: ([\w-]+/[\w-]+)\S*@(.*)", path.read_text()):
            assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), (path.name, action, pin)
            pins.setdefault(action, set()).add(pin)
    assert pins
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


def production_takes_what_staging_tried(starter: Path) -> None:
    """Nothing is deployed before the tests, and one image goes to both environments."""
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


def grade_workflow_installs_all_that_a_grading_can_use(starter: Path) -> None:
    """The grade workflow installs every extra that measures; what reports installs the same version, and only GitHub's."""
    described = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {
        name: re.fullmatch(r"backend-scaffold\[([a-z,]+)\]==([\d.]+)", workflows(starter)[name]["env"]["GRADER"])
        for name in ("grade.yml", "grade-report.yml")
    }
    measures, reports = found["grade.yml"], found["grade-report.yml"]
    assert measures is not None
    assert reports is not None
    assert set(measures[1].split(",")) == set(described["optional-dependencies"])
    assert (reports[1], reports[2]) == ("github", measures[2])


def strangers_code_and_writing_never_meet(starter: Path) -> None:
    """What runs a pull request's code can only read; what can write has no checkout and is started by the former."""
    found = workflows(starter)
    measures, reports = found["grade.yml"], found["grade-report.yml"]
    assert {level for job in measures["jobs"].values() for level in job["permissions"].values()} == {"read"}
    assert "secrets." not in (starter / ".github/workflows/grade.yml").read_text()
    assert set(reports["on"]) == {"workflow_run"}
    assert reports["on"]["workflow_run"]["workflows"] == [measures["name"]]
    assert not [step for job in reports["jobs"].values() for step in job["steps"] if "uses" in step]


def every_operations_file_says_what_it_is_for(starter: Path) -> None:
    """The first lines of each operations file are a comment."""
    patterns = (".github/**/*", "ops/**/*.y*ml", "ops/**/*.sh", "infra/*", "compose*.yaml", "Dockerfile")
    dotfiles = (".dockerignore", ".editorconfig", ".gitattributes", ".gitignore", ".pre-commit-config.yaml")
    files = [path for pattern in patterns for path in starter.glob(pattern) if path.is_file()]
    files += [starter / name for name in dotfiles] + [starter / ".devcontainer/devcontainer.json"]
    assert len(files) > 20
    for path in files:
        start = "\n".join(path.read_text().splitlines()[:3])
        assert re.search(r"^(#|//|<!--|Description:)", start, re.MULTILINE), path
