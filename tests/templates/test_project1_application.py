"""Project 1's starter on its first commit: its own CI is green, and it boots from its Procfile. So is its solution's CI.

Both are rendered for Rails 7.2, the version that Debian packages: the Ruby of tests/toolchains/ruby.sh has no other.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from checks.runners.processes import boot
from scaffolder.create import create
from scaffolder.projects import find_project
from tests.support import operations
from tests.support.http import eventually, get
from tests.support.services import project1_environment
from tests.support.tools import cache_folder

pytestmark = pytest.mark.slow

PROGRAMS = cache_folder() / "ruby" / "bin"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    if not (PROGRAMS / "bundle").is_file():
        reason = f"there is no Ruby for the tests; tests/toolchains/ruby.sh {cache_folder()} builds it"
        if os.environ.get("REQUIRE_TOOLCHAINS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    path = f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    with project1_environment(tmp_path_factory.mktemp("services")) as variables:
        yield {**variables, "PATH": path, "BUNDLE_SILENCE_ROOT_WARNING": "1"}


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """A freshly generated repository after its own bin/setup, at a path with a space."""
    folder = tmp_path_factory.mktemp("application") / "my shop"
    root = operations.rendered("project1", folder, {"rails_version": "7.2"})
    run(root, environment, "bin/setup")
    return root


def run(root: Path, variables: Mapping[str, str], *command: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "TMPDIR")}
    done = subprocess.run(
        command, cwd=root, env={**inherited, **variables}, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-4000:]}"
    return done.stdout + done.stderr


def assert_own_ci_is_green(root: Path, environment: dict[str, str], percent: float) -> None:
    output = run(root, environment, "bin/ci")
    assert "no offenses detected" in output
    total = re.search(r"^Line coverage: .*\((\d+(?:\.\d+)?)%\)", output, re.MULTILINE)
    assert total is not None, output[-3000:]
    assert float(total[1]) >= percent
    assert re.search(r"^\d+ examples, 0 failures$", output, re.MULTILINE)


def test_its_own_ci_is_green_with_at_least_90_percent_coverage(starter: Path, environment: dict[str, str]) -> None:
    assert_own_ci_is_green(starter, environment, 90)


def test_the_solutions_own_ci_is_green_with_at_least_95_percent(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = solution(tmp_path_factory, "7.2")
    # A database of its own beside the starter's.
    variables = {**environment, "DATABASE_URL": f"{environment['DATABASE_URL'].rsplit('/', 1)[0]}/solution"}
    run(root, variables, "bin/setup")
    assert_own_ci_is_green(root, variables, 95)


def test_the_solutions_schema_is_the_same_for_both_versions_of_rails(tmp_path_factory: pytest.TempPathFactory) -> None:
    def schema(version: str) -> list[str]:
        text = (solution(tmp_path_factory, version) / "db" / "schema.rb").read_text(encoding="utf-8")
        # 8.1 sorts columns by their names, and names the schema of the extension.
        return sorted(text.replace(f"[{version}]", "").replace("pg_catalog.", "").splitlines())

    assert schema("7.2") == schema("8.1")


def solution(tmp_path_factory: pytest.TempPathFactory, version: str) -> Path:
    """A freshly generated repository with the reference solution over it."""
    root = tmp_path_factory.mktemp("solution") / "shop"
    project = find_project("project1")._replace(status="ready")
    create(project, root, {"rails_version": version}, git=False, solution=True)
    return root


def test_nothing_that_is_tracked_was_changed_by_setting_up_and_testing(
    starter: Path, environment: dict[str, str]
) -> None:
    run(starter, environment, "git", "add", "--all")
    run(starter, environment, "bin/test", "spec/models")
    run(starter, environment, "bin/setup")
    assert run(starter, environment, "git", "status", "--porcelain", "--untracked-files=all").count("\n??") == 0
    assert run(starter, environment, "git", "diff", "--name-only") == ""


def test_both_processes_boot_answer_and_stop(starter: Path, environment: dict[str, str]) -> None:
    procfile = (starter / "Procfile").read_text(encoding="utf-8")
    variables = {**environment, "RAILS_ENV": "production", "HOME": str(starter)}
    with boot(starter, procfile, variables) as application:
        assert set(application.processes) == {"web", "worker"}
        for name, process in application.processes.items():
            health = json.loads(get(f"{process.url}/healthz")[2])
            assert (health["status"], health["process"]) == ("ok", name)
            status, _, body = get(f"{process.url}/readyz")
            assert (status, json.loads(body)["checks"]) == (200, {"postgresql": "ok", "redis": "ok"})
        web = application["web"].url
        status, headers, body = get(f"{web}/api/v1/cart", **{"X-Request-Id": "abc-1"})
        assert (status, headers["x-request-id"]) == (501, "abc-1")
        assert headers["content-type"].startswith("application/problem+json")
        assert json.loads(body)["detail"].startswith("TODO(m2.2)")
        assert json.loads(get(f"{web}/api/v1/products")[2])["page"] == 1
        counted = re.compile(r'http_requests_total\{[^}]*route="/api/v1/products"[^}]*\} 1$', re.MULTILINE)
        # A request is counted when all of its work is over, which is a moment after the client has the answer.
        assert eventually(lambda: counted.search(get(f"{web}/metrics")[2].decode()) is not None)
        logs = {name: process.log() for name, process in application.processes.items()}
    for process in application.processes.values():
        assert process.stopped is not None
        assert process.stopped.graceful, (process.name, process.stopped, process.log()[-2000:])
    lines = [json.loads(line) for log in logs.values() for line in log.splitlines()]
    request = next(line for line in lines if line["request_id"] == "abc-1")
    assert {"time", "level", "message", "method", "route", "status", "duration_ms"} <= set(request)


@pytest.mark.parametrize("process", ["release", "web", "worker"])
def test_a_missing_variable_stops_the_boot_with_one_clear_line(
    starter: Path, environment: dict[str, str], process: str
) -> None:
    procfile = (starter / "Procfile").read_text(encoding="utf-8")
    command = re.search(rf"^{process}: (.*)$", procfile, re.MULTILINE)
    assert command is not None
    variables = {**environment, "RAILS_ENV": "production", "PORT": "1", "WEBHOOK_SECRET": ""}
    done = subprocess.run(
        ["sh", "-c", command[1]], cwd=starter, env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode not in (0, -15)
    assert done.stderr.splitlines() == ["WEBHOOK_SECRET not set; .env.example says what each is for"]


def test_the_first_admin_is_made_by_a_task_and_may_be_made_again(starter: Path, environment: dict[str, str]) -> None:
    admin = {"EMAIL": "Admin@Example.com", "PASSWORD": "correct horse", "ROLE": "admin", "RAILS_ENV": "production"}
    for _ in range(2):
        assert '"message":"user ' in run(starter, {**environment, **admin}, "bin/rails", "users:create")
