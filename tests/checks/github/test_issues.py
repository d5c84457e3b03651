"""Issues follow the verdicts: closed when a milestone is proven, open when it is not, left alone when nobody knows."""

from __future__ import annotations

import pytest

from checks.github.issues import sync, wanted
from checks.model import unknown
from scaffolder.github import Client
from scaffolder.plan import plan
from tests.support.artefacts import BAD, PROJECT, card
from tests.support.github import BOT, Fault, GitHub, Repo

M1, M10 = PROJECT.milestones[0], PROJECT.milestones[-1]
IN_M1 = next(c.id for c in M1.checks)
IN_M10 = "forge.ci-green"


@pytest.fixture
def shop(github: GitHub) -> Repo:
    shop = github.repo()
    for number, issue in enumerate(plan(PROJECT, None).issues, 1):
        user = {"login": BOT, "type": "Bot"}
        shop.issues.append(
            {"id": number, "number": number, "title": issue.title, "body": issue.body, "state": "open", "user": user}
        )
    return shop


def states(shop: Repo, milestone: str) -> set[str]:
    return {issue["state"] for issue in shop.issues if issue["title"].startswith(f"{milestone}.")}


def test_a_milestone_closes_with_its_last_check_and_reopens_with_the_first_that_fails(
    client: Client, shop: Repo
) -> None:
    done = sync(client, "octo/shop", card({IN_M1: BAD, IN_M10: unknown("no token")}), PROJECT)
    assert states(shop, "m1") == {"open"}
    assert states(shop, "m2") == {"closed"}
    assert states(shop, "m10") == {"open"}
    assert {task.split(".")[0] for task in done.closed} == {m.id for m in PROJECT.milestones} - {"m1", "m10"}
    m2 = next(c.id for c in PROJECT.milestones[1].checks)
    done = sync(client, "octo/shop", card({m2: BAD, IN_M1: BAD, IN_M10: unknown("no token")}), PROJECT)
    assert states(shop, "m2") == {"open"}
    assert set(done.reopened) == {t.id for t in PROJECT.milestones[1].tasks}


def test_what_nobody_knows_is_left_as_it_is(client: Client, shop: Repo) -> None:
    for issue in shop.issues:
        issue["state"] = "closed"
    sync(client, "octo/shop", card({IN_M10: unknown("no token")}), PROJECT)
    assert states(shop, "m10") == {"closed"}
    assert not {task for task in wanted(card({IN_M10: unknown("no token")}), PROJECT) if task.startswith("m10.")}


def test_a_second_time_nothing_is_written(client: Client, shop: Repo, github: GitHub) -> None:
    sync(client, "octo/shop", card(), PROJECT)
    writes = len(github.writes())
    assert sync(client, "octo/shop", card(), PROJECT).closed == ()
    assert len(github.writes()) == writes


def test_issues_of_others_are_left_alone(client: Client, shop: Repo) -> None:
    copy = {**shop.issues[0], "number": 999, "title": "a copy"}
    shop.issues = [copy, *shop.issues]
    shop.issues.append({"id": 77, "number": 77, "title": "A bug", "body": "m1.1", "state": "open", "user": None})
    sync(client, "octo/shop", card(), PROJECT)
    assert [i["state"] for i in shop.issues if i["number"] in (77, 999)] == ["open", "open"]


def test_tasks_without_an_issue_are_told(client: Client, github: GitHub) -> None:
    github.repo()
    assert len(sync(client, "octo/shop", card(), PROJECT).missing) == sum(len(m.tasks) for m in PROJECT.milestones)


def test_a_bad_moment_changes_nothing_in_the_end(client: Client, shop: Repo, github: GitHub) -> None:
    github.faults = [Fault(502, "PATCH", after=True), Fault("reset", "PATCH"), Fault("secondary", "PATCH")]
    sync(client, "octo/shop", card(), PROJECT)
    assert {issue["state"] for issue in shop.issues} == {"closed"}
