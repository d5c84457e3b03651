"""What GitHub answers becomes evidence, and what it does not answer is not known."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from checks.evidence import forge
from checks.evidence.forge import BOT, Asked, Deployment, ForgeRun, Protection, ask, collect_asked, collect_forge, read
from checks.model import NotMeasured
from checks.repository import Repository, open_repository
from checks.session import Session
from checks.testing import repository
from scaffolder.github import Client
from scaffolder.projects import find_project
from tests.support.github import Fault, GitHub, Repo

A, B, C = "a" * 40, "b" * 40, "c" * 40
RUN = {"id": 9, "path": ".github/workflows/deploy.yml", "head_sha": B, "head_branch": "main", "event": "push",
       "status": "completed", "conclusion": "success"}  # fmt: skip
MACHINE = {"login": BOT, "type": "Bot"}
LOG = "https://github.com/octo/shop/actions/runs/9/job/3"


@pytest.fixture
def shop(github: GitHub) -> Repo:
    return github.repo(commits=[A, B, C], branches={"main": C})


def answer(client: Client, commit: str = C) -> forge.Forge:
    return read(ask(client, "octo/shop", commit))


def deploy(shop: Repo, *states: str, creator: dict[str, str] = MACHINE, log: str = LOG, sha: str = B) -> None:
    """Add a deployment with these states, the oldest first, before those that are there."""
    number = len(shop.deployments) + 1
    shop.deployments.insert(0, {"id": number, "sha": sha, "environment": "production", "creator": creator})
    shop.statuses[number] = [
        {
            "state": state,
            "creator": creator,
            "log_url": log,
            "environment_url": "https://shop.example",
            "target_url": log,
        }
        for state in reversed(states)
    ]


def test_runs_are_known_newest_first_and_have_no_conclusion_before_their_end(client: Client, shop: Repo) -> None:
    shop.runs = [
        {**RUN, "id": 1, "path": ".github/workflows/ci.yml@refs/heads/main"},
        {**RUN, "id": 2, "head_sha": C, "status": "in_progress", "conclusion": None},
        {**RUN, "id": 3, "event": "schedule"},
        {**RUN, "id": 4, "head_branch": "topic"},
    ]
    found = answer(client)
    assert (found.branch, found.head) == ("main", C)
    assert [(run.id, run.path, run.conclusion) for run in found.runs] == [
        (2, ".github/workflows/deploy.yml", None),
        (1, ".github/workflows/ci.yml", "success"),
    ]


def test_the_last_deployment_that_has_ended_is_the_one_that_counts(client: Client, shop: Repo) -> None:
    shop.runs = [RUN]
    deploy(shop, "success")
    deploy(shop, "in_progress", "failure", sha=C)
    deploy(shop, "queued", "in_progress", sha=C)
    deploy(shop, sha=C)
    found = answer(client).deployment
    assert found is not None
    assert (found.sha, found.state) == (C, "failure")


def test_a_deployment_knows_the_run_that_made_it(client: Client, shop: Repo) -> None:
    shop.runs = [RUN]
    deploy(shop, "queued", "in_progress", "success")
    assert answer(client).deployment == Deployment(
        B, "success", "2026-01-01T00:00:00Z", "https://shop.example", ForgeRun(9, RUN["path"], B, "success", "main")
    )


@pytest.mark.parametrize(
    ("creator", "log"),
    [
        ({"login": "ada", "type": "User"}, LOG),
        (MACHINE, "https://ci.example/builds/9"),
        (MACHINE, "https://github.com/octo/shop/actions/runs/404"),
        (MACHINE, ""),
    ],
    ids=["by hand", "elsewhere", "a run that is not there", "nowhere"],
)
def test_a_deployment_without_a_run_of_this_repository_has_none(
    client: Client, shop: Repo, creator: dict[str, str], log: str
) -> None:
    shop.runs = [RUN]
    deploy(shop, "success", creator=creator, log=log)
    found = answer(client).deployment
    assert found is not None
    assert found.run is None


def test_a_commit_beside_the_default_branch_is_noticed(client: Client, shop: Repo) -> None:
    shop.strangers = ["d" * 40]
    deploy(shop, "success", sha="d" * 40)
    found = answer(client).deployment
    assert found is not None
    assert found.ahead


def test_the_branch_rules_are_read(client: Client, shop: Repo) -> None:
    checks = {"strict_required_status_checks_policy": False, "required_status_checks": [{"context": "Grade"}]}
    shop.rulesets = [
        {"id": 1, "name": "main", "enforcement": "active",
         "rules": [{"type": "pull_request"}, {"type": "non_fast_forward"}, {"type": "required_status_checks", "parameters": checks}]}
    ]  # fmt: skip
    assert answer(client).protection == Protection(True, ("Grade",), True)


def test_rules_that_nobody_may_see_are_not_known_and_cost_nothing_else(
    client: Client, github: GitHub, shop: Repo
) -> None:
    github.faults = [Fault(403, path="/rules/branches/", times=99)]
    assert answer(client).protection is None


def test_only_merged_pull_requests_of_people_count(client: Client, shop: Repo) -> None:
    person, moment = {"login": "ada", "type": "User"}, "2026-11-20T12:00:00Z"
    shop.pulls = [
        {"state": "closed", "merged_at": moment, "user": person},
        {"state": "closed", "merged_at": None, "user": person},
        {"state": "closed", "merged_at": moment, "user": MACHINE},
        {"state": "open", "merged_at": None, "user": person},
    ]
    assert answer(client).merged == 1


def test_drafts_are_no_releases(client: Client, shop: Repo) -> None:
    shop.releases = [{"tag_name": "v2", "draft": True}, {"tag_name": "v1", "draft": False}]
    assert answer(client).releases == ("v1",)


def test_a_repository_without_the_graded_commit_says_nothing_about_it(client: Client, shop: Repo) -> None:
    with pytest.raises(NotMeasured, match="push it first"):
        answer(client, "e" * 40)


# The collector: which repository, with which token, how often.


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, github: GitHub) -> Repository:
    tree = repository(tmp_path / "shop", {"README.md": "# Shop\n"}, git=True)
    git(tree, "remote", "add", "origin", "https://github.com/octo/shop.git")
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    for variable in ("GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GH_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("github.Consts.DEFAULT_SECONDS_BETWEEN_REQUESTS", 0)
    return open_repository(tree.root)


def git(tree: Repository, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(tree.root), *arguments], check=True, capture_output=True)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(find_project("project2"), tmp_path, tmp_path / "cache")


def test_github_is_asked_about_the_origin_once_in_ten_minutes(
    github: GitHub, work: Repository, session: Session
) -> None:
    assert work.commit is not None
    github.repo(commits=[work.commit], branches={"main": work.commit})
    first = collect_forge(collect_asked(work, session))
    assert first.name == "octo/shop"
    count = len(github.calls)
    assert 5 <= count <= 12
    assert collect_forge(collect_asked(work, session)) == first
    assert len(github.calls) == count
    assert session.notes == ("GitHub was asked about octo/shop",)


def test_without_a_token_nobody_is_asked(
    github: GitHub, work: Repository, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    with pytest.raises(NotMeasured, match="GITHUB_TOKEN"):
        collect_forge(collect_asked(work, session))
    assert github.calls == []


@pytest.mark.parametrize("mood", [500, 502, "secondary", 429, "timeout", "reset", "page", 401, 403])
def test_whatever_github_fails_with_nothing_is_known(
    github: GitHub, work: Repository, session: Session, mood: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert work.commit is not None
    github.repo(commits=[work.commit], branches={"main": work.commit})
    github.faults = [Fault(mood, path="/actions/runs", times=99)]
    monkeypatch.setattr("scaffolder.github._backoff", lambda _attempt: 0.0)
    monkeypatch.setattr("scaffolder.github._limit", lambda p: 0.0 if p.status in (403, 429) else None)
    found = collect_asked(work, session)
    assert found.forge is None
    assert "octo/shop" in found.why
    assert collect_asked(work, session) == found  # and a failure is not kept as an answer


def test_in_actions_the_repository_is_the_one_that_runs(work: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "octo-org/real"}
    assert forge.repository_name(work, environment) == "octo-org/real"
    assert forge.repository_name(work, {**environment, "GITHUB_REPOSITORY": "../x"}) is None


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("https://github.com/octo/shop", "octo/shop"),
        ("git@github.com:octo/shop.git", "octo/shop"),
        ("ssh://git@github.com/octo/shop.git", "octo/shop"),
        ("https://x-access-token:secret@github.com/octo/shop.git", "octo/shop"),
        ("https://github.com.evil.example/octo/shop", None),
        ("https://github.com@evil.example/octo/shop", None),
        ("https://gitlab.com/octo/shop", None),
        ("/home/ada/shop", None),
        ("https://github.com/octo/shop/../../user", None),
    ],
)
def test_the_origin_names_the_repository(work: Repository, remote: str, name: str | None) -> None:
    git(work, "remote", "set-url", "origin", remote)
    assert forge.repository_name(work, {}) == name


def test_why_nobody_could_be_asked_is_passed_on() -> None:
    with pytest.raises(NotMeasured, match="because"):
        collect_forge(Asked(None, "because"))
