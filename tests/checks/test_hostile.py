"""Repositories that mean no good, or are simply broken, through the whole grader: a verdict each, never a traceback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from checks.grading import Options, grade
from checks.model import Finding, Scorecard, State
from checks.repository import open_repository
from checks.session import Limits
from checks.testing import repository, write_tree
from scaffolder.projects import find_project

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
WORKFLOW = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pytest\n"


def graded(
    root: Path, tmp_path: Path, *, static: bool = True, seconds: float = 60, only: tuple[str, ...] = ()
) -> Scorecard:
    options = Options(tmp_path / "cache", static=static, fresh=True, limits=Limits(seconds=seconds), only=only)
    return grade(open_repository(root), find_project("project2"), options)


def finding(card: Scorecard, id_: str) -> Finding:
    return next(f for f in card.findings if f.id == id_)


HOSTILE: dict[str, dict[str, str | bytes]] = {
    "empty": {},
    "a syntax error in a workflow": {".github/workflows/ci.yml": "on: [push\njobs: }"},
    "a workflow that is a list": {".github/workflows/ci.yml": "- on\n- push\n"},
    "a yaml bomb": {".github/workflows/ci.yml": BOMB, "compose.yaml": BOMB, "docs/openapi.yaml": BOMB},
    "deep nesting": {".github/workflows/ci.yml": "[" * 5000, "package.json": "[" * 100_000, "src/a.py": "(" * 5000},
    "invalid utf-8": dict.fromkeys(
        ["README.md", "Dockerfile", "compose.yaml", "Procfile", ".env.example", "src/app.py", "tests/test_a.py", "docs/openapi.yaml",
         ".github/workflows/ci.yml", "pyproject.toml", "infra/stack.yaml", "ops/alerts.yml", ".scaffold/lock.json"],
        b"\xff\xfe\x00\x80: [\xc3\x28\n",
    ),
    "nul bytes": {"src/a.py": "x = 1\0", "Dockerfile": "FROM x\0y\n", "README.md": "# a\0b\n", "requirements.txt": "a\0b"},
    "a syntax error in the source": {"src/a.py": "def (:\n", "tests/test_a.py": "def test_x(:\n"},
    "terminal codes and markup in names": {
        "tests/test_\x1b[31m<img src=x>.py": "def test_a():\n    assert 1\n", "README.md": "# <script>alert(1)</script> @everyone\n",
    },
    "spaces and unicode": {"pa th/naïve ✓/test_ä ö.py": "def test_a():\n    assert 1\n", "Dockerfile": "FROM ubuntu\n"},
    "types that are not what they should be": {
        "compose.yaml": "services: 7\n", ".github/workflows/ci.yml": "on: 3\njobs: [1, {a: b}]\n", "pyproject.toml": "project = 3\n",
        ".scaffold/lock.json": '{"project": "project2", "files": [1], "start": 7}', "docs/openapi.yaml": "openapi: [3]\npaths: 4\n",
        "infra/s.yaml": "AWSTemplateFormatVersion: 1\nResources: [1]\n", "ops/p.yml": "groups: {a: 1}\n", "package.json": "7",
        "ops/grafana/d.json": '{"panels": 3}', ".github/dependabot.yml": "updates: {}\n",
    },
}  # fmt: skip


@pytest.mark.parametrize("files", HOSTILE.values(), ids=HOSTILE)
def test_broken_content_is_judged_and_never_crashes_the_grader(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    repository(root, files, git=bool(files))
    card = graded(root, tmp_path)
    assert not [f"{f.id}: {f.verdict.reason}" for f in card.findings if f.verdict.internal]
    assert card.score < 1


def test_a_syntax_error_in_a_workflow_is_named_with_its_line(tmp_path: Path) -> None:
    root = repository(tmp_path / "repo", {".github/workflows/ci.yml": WORKFLOW + "  broken: [\n"}, git=True).root
    found = finding(graded(root, tmp_path), "ci.workflow-valid")
    assert found.verdict.state is State.FAIL
    assert found.verdict.locations[0].path == ".github/workflows/ci.yml"
    assert found.verdict.locations[0].line is not None


def test_a_link_out_of_the_tree_gives_nothing_away(tmp_path: Path) -> None:
    write_tree(tmp_path, {"outside/key.pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n"})
    root = write_tree(tmp_path / "repo", {"app.py": "x = 1\n"})
    (root / "key.pem").symlink_to(tmp_path / "outside" / "key.pem")
    (root / ".env").symlink_to(tmp_path / "outside")
    card = graded(root, tmp_path)
    assert "key.pem" not in " ".join(f.verdict.reason for f in card.findings if f.family == "security")


def test_a_folder_that_is_no_git_repository_is_graded_as_files(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "repo", {"Dockerfile": "FROM python:3.13.1-slim\nUSER 1000\n"})
    card = graded(root, tmp_path)
    assert finding(card, "docker.non-root").verdict.state is State.PASS
    assert card.subject.commit is None
    assert not [f for f in card.findings if f.verdict.internal]


# What follows runs the repository's code.

PYTEST = {"requirements.txt": "pytest\n"}


@pytest.fixture
def no_children() -> Iterator[None]:
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    yield
    deadline = time.monotonic() + 5
    while left := {p.pid for p in psutil.Process().children(recursive=True)} - before:
        assert time.monotonic() < deadline, [psutil.Process(pid).cmdline() for pid in left if psutil.pid_exists(pid)]
        time.sleep(0.05)


def run_tests(tmp_path: Path, files: dict[str, str], *, seconds: float = 60) -> Scorecard:
    root = repository(tmp_path / "a repo ✓", {**PYTEST, **files}, git=True).root
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
    card = graded(root, tmp_path, static=False, seconds=seconds, only=("tests", "coverage"))
    assert {p: p.read_bytes() for p in root.rglob("*") if p.is_file()} == before
    assert not [f"{f.id}: {f.verdict.reason}" for f in card.findings if f.verdict.internal]
    return card


@pytest.fixture
def _own_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(variable, "given://nothing-is-started")


slow = pytest.mark.slow
databases = pytest.mark.usefixtures("_own_databases", "no_children")


@slow
@databases
def test_no_tests_fail_and_block_coverage(tmp_path: Path) -> None:
    card = run_tests(tmp_path, {"app.py": "x = 1\n"})
    assert finding(card, "tests.present").verdict.state is State.FAIL
    assert finding(card, "coverage.lines").verdict.state is State.BLOCKED


@slow
@databases
def test_tests_that_hang_are_ended_and_say_so(tmp_path: Path) -> None:
    hanging = "import subprocess, sys, time\n\ndef test_a():\n    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n    time.sleep(600)\n"
    started = time.monotonic()
    card = run_tests(tmp_path, {"test_a.py": hanging}, seconds=6)
    assert time.monotonic() - started < 60
    verdict = finding(card, "tests.pass").verdict
    assert (verdict.state, "within 6 s" in verdict.reason) == (State.FAIL, True)


@slow
@databases
@pytest.mark.parametrize("past_pytest", [True, False], ids=["to the grader", "into pytest's own capture"])
def test_tests_that_print_a_gigabyte_do_not_fill_the_graders_memory(tmp_path: Path, past_pytest: bool) -> None:
    writing = "\n".join(f"{' ' * 8}{line}" for line in ("for _ in range(1024):", "    os.write(1, b'x' * (1 << 20))"))
    around = "with capfd.disabled():" if past_pytest else "if True:"
    printing = f"import os\n\ndef test_a(capfd):\n    {around}\n{writing}\n    assert os.getpid()\n"
    before = psutil.Process().memory_info().rss
    card = run_tests(tmp_path, {"test_a.py": printing}, seconds=120)
    assert psutil.Process().memory_info().rss - before < 200 << 20
    verdict = finding(card, "tests.pass").verdict
    assert verdict.state is (State.PASS if past_pytest else State.FAIL)


@slow
@databases
def test_a_broken_lock_file_blocks_with_the_installers_words(tmp_path: Path) -> None:
    card = run_tests(tmp_path, {"requirements.txt": "pytest==\n", "test_a.py": "def test_a():\n    assert 1\n"})
    assert finding(card, "tests.env-lock").verdict.state is State.FAIL
    assert finding(card, "tests.pass").verdict.state in (State.BLOCKED, State.FAIL)


@slow
@databases
def test_leaving_early_with_success_is_no_success(tmp_path: Path) -> None:
    conftest = "import os\n\ndef pytest_sessionstart(session):\n    os._exit(0)\n"
    card = run_tests(tmp_path, {"conftest.py": conftest, "test_a.py": "def test_a():\n    assert 0\n"})
    assert finding(card, "tests.pass").verdict.state is State.FAIL


@slow
@databases
def test_the_graders_tokens_are_not_in_the_tests_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret-token")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-key")
    looking = "import os\n\ndef test_a():\n    assert not [k for k in os.environ if 'TOKEN' in k or 'AWS' in k or k.startswith('GITHUB_')]\n"
    card = run_tests(tmp_path, {"test_a.py": looking})
    assert finding(card, "tests.pass").verdict.state is State.PASS
