"""The two steps end to end, run by a real workflow runner: pull request, grade, artefact, report, comment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.identity import GRADE
from scaffolder.create import create
from scaffolder.projects import find_project
from tests.support.act import Done, Runner, exported
from tests.support.artefacts import packed
from tests.support.github import GitHub, Repo, running

pytestmark = pytest.mark.slow
REPORT = ".github/workflows/grade-report.yml"


@pytest.fixture(scope="module")
def github() -> Iterator[GitHub]:
    with running() as fake:
        yield fake


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "shop"
    create(find_project("project2"), folder, {"project_name": "shop", "github_owner": "octo"})
    git(folder, "remote", "add", "origin", "https://github.com/octo/shop.git")
    return folder


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory, github: GitHub) -> Runner:
    environment = {"GITHUB_API_URL": github.url, "INPUT_STATIC": "true"}
    return Runner(tmp_path_factory.mktemp("runner"), environment=environment)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, path: str, old: str, new: str) -> str:
    text = (folder / path).read_text()
    assert old in text
    (folder / path).write_text(text.replace(old, new))
    git(folder, "commit", "--quiet", "--all", "--message", f"Change {path}")
    return git(folder, "rev-parse", "HEAD")


OCTO = {"full_name": "octo/shop", "name": "shop", "owner": {"login": "octo"}, "default_branch": "main"}


def grade(runner: Runner, shop: Path, repo: Repo, sha: str, run: int, kind: str) -> Done:
    """Grade a commit, and hand its artefact to GitHub as run `run`."""
    pull = {"number": 1, "head": {"sha": sha, "ref": "topic"}, "base": {"ref": "main"}}
    event: dict[str, Any] = {"repository": OCTO, "ref": "refs/heads/main", "after": sha}
    if kind == "pull_request":
        event = {"number": 1, "pull_request": pull, "repository": OCTO}
    done = runner.run(shop, GRADE, kind, event)
    assert done.ok, done.output
    repo.artifacts[run] = [
        (run * 10 + len(repo.commits), "scorecard", packed((runner.outbox / "scorecard/scorecard.json").read_bytes()))
    ]
    repo.commits.append(sha)
    repo.files[sha, GRADE] = (shop / GRADE).read_bytes()
    return done


def report(runner: Runner, shop: Path, sha: str) -> Done:
    run = {"id": 1, "run_attempt": 1, "path": GRADE, "head_sha": sha, "head_branch": "topic", "event": "pull_request",
           "conclusion": "success", "repository": OCTO, "head_repository": {"id": 7, **OCTO}}  # fmt: skip
    done = runner.run(shop, REPORT, "workflow_run", {"action": "completed", "workflow_run": run, "repository": OCTO})
    assert done.ok, done.output
    return done


def pull(sha: str) -> dict[str, Any]:
    base = {"ref": "main", "repo": {"full_name": "octo/shop"}}
    return {"number": 1, "state": "open", "head": {"sha": sha, "label": "octo:topic"}, "base": base}


def test_a_pull_request_gets_a_comment_that_its_next_push_edits(runner: Runner, shop: Path, github: GitHub) -> None:
    repo = github.repo(branches={"main": ""})
    base = git(shop, "rev-parse", "HEAD")
    grade(runner, shop, repo, base, 5, "push")
    repo.runs = [
        {"id": 5, "path": GRADE, "head_sha": base, "head_branch": "main", "event": "push", "status": "success"}
    ]

    git(shop, "checkout", "--quiet", "-b", "topic")
    better = commit(shop, "README.md", "# shop", "# Shop of the north\n\nSells what the north makes, and tells why.")
    repo.pulls = [pull(better)]
    first = grade(runner, shop, repo, better, 1, "pull_request")
    assert "## " in first.summary
    assert any(line.startswith("::error file=") for line in first.commands("error"))
    said = report(runner, shop, better)
    (comment,) = repo.comments[1]
    text = comment["body"]
    assert "against `main`" in text
    assert "Assurance: **self**" not in text  # the run, its commit and the template's workflow agree
    assert "### Next steps" in text
    assert "against" not in said.summary or "## " in said.summary
    assert [run["head_sha"] for run in repo.check_runs] == [better]

    worse = commit(shop, "Dockerfile", "\nUSER ", "\n# USER ")
    repo.pulls = [pull(worse)]
    grade(runner, shop, repo, worse, 1, "pull_request")
    report(runner, shop, worse)
    (edited,) = repo.comments[1]
    assert edited["id"] == comment["id"]
    failing = edited["body"].partition("### Newly failing")[2]
    assert "docker.non-root" in failing
    assert [run["head_sha"] for run in repo.check_runs] == [better, worse]


def test_a_pull_request_that_changes_the_grade_workflow_is_told_so(runner: Runner, shop: Path, github: GitHub) -> None:
    repo = github.repo(branches={"main": ""})
    git(shop, "checkout", "--quiet", "-B", "generous")
    sha = commit(shop, GRADE, "name: Grade the project", "name: Grade the project generously")
    repo.pulls = [pull(sha)]
    grade(runner, shop, repo, sha, 1, "pull_request")
    report(runner, shop, sha)
    (comment,) = repo.comments[1]
    assert "Assurance: **self**" in comment["body"]
    assert "grade.yml was changed" in comment["body"]


WORKFLOW = """\
name: Own
on: push
permissions: {}
jobs:
  own:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
        with: {ref: "${{ github.event.after }}"}
      - id: grade
        uses: octo-org/grader@0123456789012345678901234567890123456789
        with: {static: "true", formats: markdown, min-score: "1"}
      - run: echo "$SCORE $PASSED $REPORT $JSON" >"$OUTBOX.txt" && ls "$REPORT" >>"$OUTBOX.txt"
        env:
          SCORE: ${{ steps.grade.outputs.score }}
          PASSED: ${{ steps.grade.outputs.passed }}
          REPORT: ${{ steps.grade.outputs.report }}
          JSON: ${{ steps.grade.outputs.json }}
"""


def test_the_action_installs_itself_once_grades_and_hands_out_its_outputs(
    runner: Runner, shop: Path, github: GitHub, tmp_path: Path
) -> None:
    git(shop, "checkout", "--quiet", "-B", "own", "main")
    (shop / ".github/workflows/own.yml").write_text(WORKFLOW)
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "--message", "Grade by the action")
    action = exported(tmp_path / "action")
    settings = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "UV_", "SSL_", "HOME"))}
    machine = Runner(tmp_path, install=True, environment={"GITHUB_API_URL": github.url, **settings})
    event = {"repository": OCTO, "ref": "refs/heads/own", "after": git(shop, "rev-parse", "HEAD")}
    local = {"octo-org/grader@0123456789012345678901234567890123456789": action}
    done = machine.run(shop, ".github/workflows/own.yml", "push", event, local)
    assert done.ok, done.output
    outputs, *reports = (tmp_path / "outbox.txt").read_text().splitlines()
    score, passed, _, summary = outputs.split(" ", 3)
    assert float(score) > 1
    assert passed == "true"
    assert f'"score": {score}' in summary
    assert set(reports) == {"scorecard.json", "scorecard.md"}
    assert f"## {score} %" in done.summary
    assert any("Run Main Install the grader" in event.get("msg", "") for event in done.events)
    again = machine.run(shop, ".github/workflows/own.yml", "push", event, local)
    assert again.ok, again.output
    assert not any("Run Main Install the grader" in event.get("msg", "") for event in again.events)
    assert (tmp_path / "outbox.txt").read_text().startswith(f"{score} true ")
