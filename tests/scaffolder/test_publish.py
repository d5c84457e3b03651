"""Publishing makes what is missing, changes nothing the second time, and goes on after any failure."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result

from scaffolder.create import create
from scaffolder.git import Git
from scaffolder.github import Client, GitHubError
from scaffolder.plan import BRANCH, CHECK, plan, task_of
from scaffolder.projects import find_project
from scaffolder.publish import Published, PublishRefused, publish
from tests.scaffolder.conftest import Templates
from tests.support.github import Fault, GitHub, Repo

NAME = "octo/tiny"
Scaffold = Callable[..., Result]


@pytest.fixture
def folder(templates: Templates, tmp_path: Path) -> Path:
    answers = {"project_name": "tiny"}
    return create(find_project("tiny"), tmp_path / "tiny", answers, start=date(2027, 3, 1)).folder


@pytest.fixture
def server(tmp_path: Path) -> str:
    for name in (NAME, "octo-org/tiny"):
        subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "server" / f"{name}.git"], check=True)
    return f"file://{tmp_path}/server"


@pytest.fixture
def run(github: GitHub, folder: Path, server: str) -> Callable[..., Published]:
    github.login = "octo"
    client = Client("t", url=github.url, pause=0, timeout=60, sleep=lambda _seconds: None)

    def run(name: str = NAME, *, private: bool = False) -> Published:
        return publish(client, folder, name, "t", private=private, server=server)

    return run


def head(folder: Path, *where: str) -> str:
    done = subprocess.run(["git", *where, "rev-parse", "main"], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def tasks(repo: Repo) -> list[str | None]:
    return [task_of(issue["body"]) for issue in repo.issues]


def test_everything_of_the_plan_is_made(
    run: Callable[..., Published], github: GitHub, folder: Path, server: str
) -> None:
    done = run()
    repo = github.repos[NAME]
    assert not repo.private
    assert head(folder, "--git-dir", f"{server.removeprefix('file://')}/{NAME}.git") == head(folder)
    assert repo.environments == {"staging": [], "production": [BRANCH]}
    assert {label["name"] for label in repo.labels} == {"task", "week 3", "week 4"}
    assert [(m["title"], m["due_on"]) for m in repo.milestones] == [
        ("m1 · Boot", "2027-03-07T23:59:59Z"),
        ("m2 · Ship", "2027-03-14T23:59:59Z"),
    ]
    (issue,) = repo.issues
    assert issue["title"] == "m1.1 Start it"
    assert issue["milestone"]["title"] == "m1 · Boot"
    assert task_of(issue["body"]) == "m1.1"
    (ruleset,) = repo.rulesets
    checks = next(r for r in ruleset["rules"] if r["type"] == "required_status_checks")
    assert checks["parameters"]["required_status_checks"] == [{"context": CHECK, "integration_id": 15368}]
    assert done.notes == ()


def test_a_second_time_nothing_changes(run: Callable[..., Published], github: GitHub) -> None:
    first = run()
    writes = len(github.writes())
    second = run()
    assert second.made == ()
    assert second.kept == len(first.made)
    assert len(github.writes()) == writes


def steps() -> list[str]:
    return ["/user/repos", "/environments/staging", "/environments/production$", "/deployment-branch-policies", "/labels",
            "/milestones", "/issues", "/rulesets"]  # fmt: skip


@pytest.mark.parametrize("path", steps())
@pytest.mark.parametrize("after", [False, True])
def test_after_a_failure_in_the_middle_it_goes_on_where_it_ended(
    run: Callable[..., Published], github: GitHub, path: str, after: bool
) -> None:
    verb = "PUT" if "/environments/" in path else "POST"
    github.faults = [Fault(502, verb, path, times=4, after=after)]
    if after and verb == "POST":
        run()  # it looked, and found what it had made
    else:
        with pytest.raises(GitHubError):
            run()
        github.faults.clear()
        run()
    repo = github.repos[NAME]
    assert list(github.repos) == [NAME]
    assert (len(repo.labels), len(repo.milestones), tasks(repo), len(repo.rulesets)) == (3, 2, ["m1.1"], 1)
    assert repo.environments == {"staging": [], "production": [BRANCH]}


def test_an_organisation_gets_its_repository(run: Callable[..., Published], github: GitHub) -> None:
    run("octo-org/tiny")
    assert ("POST", "/orgs/octo-org/repos") in github.writes()


def test_what_a_private_repository_has_only_in_a_paid_plan_is_told_and_stops_nothing(
    run: Callable[..., Published], github: GitHub
) -> None:
    done = run(private=True)
    assert len(done.notes) == 1
    assert "branch rules" in done.notes[0]
    assert len(github.repos[NAME].issues) == 1


def test_a_closed_issue_and_a_changed_due_date_are_seen(run: Callable[..., Published], github: GitHub) -> None:
    run()
    repo = github.repos[NAME]
    repo.issues[0]["state"] = "closed"
    repo.milestones[0]["due_on"] = "2027-01-01T23:59:59Z"
    done = run()
    assert done.made == ("milestone m1 · Boot is due 2027-03-07",)
    assert len(repo.issues) == 1
    assert repo.milestones[0]["due_on"] == "2027-03-07T23:59:59Z"


def test_a_repository_with_other_commits_is_not_overwritten(
    run: Callable[..., Published], github: GitHub, server: str, tmp_path: Path
) -> None:
    github.repo(NAME)
    other = tmp_path / "other"
    for command in (["init", "-q", "-b", "main", other], ["-C", other, "commit", "-q", "--allow-empty", "-m", "theirs"],
                    ["-C", other, "push", "-q", f"{server}/{NAME}.git", "main"]):  # fmt: skip
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *map(str, command)], check=True, capture_output=True
        )
    with pytest.raises(PublishRefused, match="commits that are not here"):
        run()
    assert github.repos[NAME].issues == []


def test_later_commits_are_left_to_pull_requests(run: Callable[..., Published], folder: Path, server: str) -> None:
    run()
    published = head(folder)
    Git(folder, {f"GIT_{r}_{p}": "a" for r in ("AUTHOR", "COMMITTER") for p in ("NAME", "EMAIL")}).run(
        "commit", "--quiet", "--allow-empty", "--message=more"
    )
    assert run().made == ()
    assert head(folder, "--git-dir", f"{server.removeprefix('file://')}/{NAME}.git") == published


def test_the_token_is_nowhere_in_the_repository(run: Callable[..., Published], folder: Path) -> None:
    run()
    assert "eC1hY2Nlc3MtdG9rZW4" not in (folder / ".git/config").read_text()
    assert "x-access-token" not in (folder / ".git/config").read_text()


def test_a_dry_run_shows_it_all_and_asks_nobody(scaffold: Scaffold, folder: Path, github: GitHub) -> None:
    done = scaffold("publish", str(folder), "--repo", NAME, "--dry-run")
    assert done.exit_code == 0
    for part in (f"repository {NAME} (private)", "push", "environment production", "label week 3",
                 "milestone m1 · Boot, due 2027-03-07", "issue m1.1 Start it", "branch rules"):  # fmt: skip
        assert part in done.stdout
    assert github.calls == []


def test_the_command_publishes_with_the_token_of_the_environment(
    scaffold: Scaffold, folder: Path, github: GitHub, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.login = "octo"
    monkeypatch.setattr("github.Consts.DEFAULT_SECONDS_BETWEEN_REQUESTS", 0)
    monkeypatch.setattr("github.Consts.DEFAULT_SECONDS_BETWEEN_WRITES", 0)
    for key, value in (("GITHUB_TOKEN", "t"), ("GITHUB_API_URL", github.url), ("GITHUB_SERVER_URL", server)):
        monkeypatch.setenv(key, value)
    done = scaffold("publish", str(folder), "--repo", NAME, "--public")
    assert done.exit_code == 0, done.output
    assert f"{server}/{NAME}: " in done.stdout


@pytest.mark.parametrize("name", ["tiny", "octo/../x", "-o/x"])
def test_a_name_that_is_none_is_refused(scaffold: Scaffold, folder: Path, name: str) -> None:
    done = scaffold("publish", str(folder), "--dry-run", f"--repo={name}")
    assert done.exit_code == 2
    assert "OWNER/NAME" in done.output


def test_without_a_token_nothing_is_made(
    scaffold: Scaffold, templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    done = scaffold("new", "tiny", str(tmp_path / "fresh"), "--defaults", "--github", NAME)
    assert done.exit_code == 2
    assert "GITHUB_TOKEN" in done.output
    assert not (tmp_path / "fresh").exists()


def test_the_plan_of_a_real_project_has_an_issue_for_each_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCAFFOLD_TEMPLATES", raising=False)
    project = find_project("project2")
    made = plan(project, None)
    assert [issue.task for issue in made.issues] == [t.id for m in project.milestones for t in m.tasks]
    assert len(made.milestones) == len(project.milestones)
    assert all(milestone.due is None for milestone in made.milestones)
