"""The client against a GitHub that fails in every way that GitHub and networks do."""

from __future__ import annotations

import pytest

from scaffolder.github import PATIENCE, Client, Refused, Unreachable, is_repository_name
from tests.support.github import Fault, GitHub, Repo

REPO = "/repos/octo/shop"
MOODS: list[int | str] = [500, 502, "secondary", 429, "timeout", "reset", "page"]


@pytest.fixture
def repo(github: GitHub) -> Repo:
    return github.repo()


@pytest.mark.parametrize("mood", MOODS)
def test_reading_outlasts_a_bad_moment(
    github: GitHub, repo: Repo, client: Client, mood: int | str, pauses: list[float]
) -> None:
    github.faults = [Fault(mood, times=2)]
    assert client.get(REPO)["full_name"] == "octo/shop"
    assert len(pauses) == 2


@pytest.mark.parametrize("mood", MOODS)
def test_reading_gives_up_when_it_does_not_end(
    github: GitHub, repo: Repo, client: Client, mood: int | str, pauses: list[float]
) -> None:
    github.faults = [Fault(mood, times=99)]
    with pytest.raises(Unreachable):
        client.get(REPO)
    assert len(github.calls) == 4
    assert sum(pauses) < PATIENCE


@pytest.mark.parametrize("mood", [500, 502, "timeout", "reset"])
def test_what_may_have_been_written_is_not_written_again(
    github: GitHub, repo: Repo, client: Client, mood: int | str
) -> None:
    github.faults = [Fault(mood, "POST", after=True)]
    with pytest.raises(Unreachable):
        client.send("POST", f"{REPO}/issues/1/comments", {"body": "once"})
    assert len(repo.comments[1]) == 1


@pytest.mark.parametrize("mood", ["secondary", 429])
def test_what_a_limit_kept_back_is_written_after_the_pause_it_asks_for(
    github: GitHub, repo: Repo, client: Client, mood: int | str, pauses: list[float]
) -> None:
    github.faults = [Fault(mood, "POST")]
    client.send("POST", f"{REPO}/issues/1/comments", {"body": "once"})
    assert len(repo.comments[1]) == 1
    assert pauses == [1.0]


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("after", [False, True])
def test_ensuring_makes_one_whatever_happens(
    github: GitHub, repo: Repo, client: Client, mood: int | str, after: bool
) -> None:
    github.faults = [Fault(mood, "POST", after=after and mood not in ("secondary", 429))]

    def find() -> object:
        return next(client.each(f"{REPO}/issues/1/comments"), None)

    client.ensure(find, lambda: client.send("POST", f"{REPO}/issues/1/comments", {"body": "one"}))
    assert len(repo.comments[1]) == 1


def test_a_no_is_told_at_once(github: GitHub, client: Client, pauses: list[float]) -> None:
    with pytest.raises(Refused, match="404") as told:
        client.get("/repos/octo/none")
    assert told.value.status == 404
    assert pauses == []


def test_lists_are_read_page_by_page_up_to_a_limit(github: GitHub, repo: Repo, client: Client) -> None:
    repo.comments[1] = [{"id": number, "body": str(number)} for number in range(250)]
    assert [item["id"] for item in client.each(f"{REPO}/issues/1/comments")] == list(range(250))
    assert len(list(client.each(f"{REPO}/issues/1/comments", limit=120))) == 120


def test_a_download_is_bounded_and_the_token_stays_here(github: GitHub, repo: Repo, client: Client) -> None:
    repo.artifacts[1] = [(7, "grade", b"x" * 1000)]
    assert client.download(f"{REPO}/actions/artifacts/7/zip", 1000) == b"x" * 1000
    with pytest.raises(Refused, match="larger"):
        client.download(f"{REPO}/actions/artifacts/7/zip", 999)


@pytest.mark.parametrize("name", ["octo/shop", "a/b.c_d-e", "A-1/9"])
def test_names_of_repositories_are_known(name: str) -> None:
    assert is_repository_name(name)


@pytest.mark.parametrize("name", ["octo", "octo/..", "-a/b", "a/b/c", "a /b", "a/b\n", "a/é", "/b", "a/"])
def test_nothing_else_is_one(name: str) -> None:
    assert not is_repository_name(name)
