"""Project 2's starter on its first commit: its own CI is green, and it boots from its Procfile."""

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
from scaffolder.render import render
from tests.support.http import eventually, get
from tests.support.services import project2_environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly generated repository after its own bin/setup, at a path with a space."""
    root = tmp_path_factory.mktemp("application") / "my platform"
    render("project2", root)
    run(root, {}, "bin/setup")
    return root


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with project2_environment(tmp_path_factory.mktemp("services")) as variables:
        yield variables


def run(root: Path, variables: Mapping[str, str], *command: str) -> str:
    # The tests' own virtual environment and coverage must not leak into the generated repository's.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST", "VIRTUAL_ENV", "PYTHON"))}
    done = subprocess.run(
        command, cwd=root, env={**inherited, **variables}, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-4000:]}"
    return done.stdout + done.stderr


def assert_own_ci_is_green(root: Path, environment: dict[str, str], percent: float) -> None:
    output = run(root, environment, "bin/ci")
    total = re.search(r"^TOTAL\s.*?(\d+(?:\.\d+)?)%", output, re.MULTILINE)
    assert total is not None, output[-3000:]
    assert float(total[1]) >= percent
    assert re.search(r"\b\d+ passed", output)
    assert not re.search(r"\b\d+ (failed|skipped|xfailed|errors?)\b", output)


def test_its_own_ci_is_green_with_at_least_90_percent_coverage(starter: Path, environment: dict[str, str]) -> None:
    assert_own_ci_is_green(starter, environment, 90)


def test_the_solutions_own_ci_is_green_with_at_least_95_percent_coverage(
    starter: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    solution = tmp_path / "solution"
    create(find_project("project2"), solution, {}, git=False, solution=True)
    (solution / ".venv").symlink_to(starter / ".venv")  # the same packages, by the same lock
    assert_own_ci_is_green(solution, environment, 95)


def test_all_processes_boot_answer_and_stop(starter: Path, environment: dict[str, str]) -> None:
    path = f"{starter / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    procfile = (starter / "Procfile").read_text(encoding="utf-8")
    with boot(starter, procfile, {**environment, "PATH": path, "HOME": str(starter)}) as application:
        assert set(application.processes) == {"api", "admin", "worker", "beat"}
        for process in application.processes.values():
            assert get(f"{process.url}/healthz")[0] == 200
            status, _, body = get(f"{process.url}/readyz")
            assert (status, b"redis" in body.lower()) == (200, True)
        api = application["api"].url
        status, headers, body = get(
            f"{api}/api/v1/analytics/summary?start=2026-01-01&end=2026-01-31", **{"X-Request-Id": "abc-1"}
        )
        assert (status, headers["content-type"], headers["x-request-id"]) == (501, "application/problem+json", "abc-1")
        assert json.loads(body)["status"] == 501
        assert json.loads(get(f"{api}/api/v1/data-sources")[2])["total"] == 0
        counted = re.compile(r'http_requests_total\{[^}]*route="/api/v1/data-sources"[^}]*\} 1\.0')
        # A request is counted when all of its work is over, which is a moment after the client has the answer.
        assert eventually(lambda: counted.search(get(f"{api}/metrics")[2].decode()) is not None)
        log = application["api"].log()
    for process in application.processes.values():
        assert process.stopped is not None
        assert process.stopped.graceful, (process.name, process.stopped, process.log()[-2000:])
    lines = [json.loads(line) for line in log.splitlines() if "/api/v1/data-sources" in line]
    assert {"time", "level", "message", "request_id", "method", "route", "status", "duration_ms"} <= set(lines[0])


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY"])
def test_a_missing_variable_stops_the_boot_with_one_clear_line(
    starter: Path, environment: dict[str, str], variable: str
) -> None:
    procfile = (starter / "Procfile").read_text(encoding="utf-8")
    command = re.search(r"^api: (.*)$", procfile, re.MULTILINE)
    assert command is not None
    path = f"{starter / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    variables = {**environment, "PATH": path, "PORT": "1"}
    del variables[variable]
    done = subprocess.run(
        ["sh", "-c", command[1]], cwd=starter, env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode not in (0, -15)
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert len(lines) == 1, lines
    assert variable in lines[0]
