"""A finished grade becomes one comment and one check run, whatever GitHub, a network or a learner does to it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from checks.github.__main__ import steps
from checks.github.annotate import NAME
from checks.github.comment import MARKER
from checks.github.event import NotOurs, measured
from checks.github.report import BOT, Reported, Settings, report
from checks.identity import GRADE
from checks.model import Location, Scorecard, WorkflowRun, failed
from scaffolder.github import Client
from tests.support import artefacts
from tests.support.artefacts import BAD, PROJECT, SHA, card, packed
from tests.support.github import Fault, GitHub, Repo

BASE = "b" * 40
WORKFLOW = (PROJECT.starter / GRADE).read_bytes()
SETTINGS = Settings("octo/shop", PROJECT)
RUN: dict[str, Any] = {"id": 9, "path": GRADE, "head_sha": SHA, "head_branch": "topic", "event": "pull_request",
                       "status": "completed", "conclusion": "success", "run_attempt": 1}  # fmt: skip
PUSH = {**RUN, "id": 5, "head_sha": BASE, "head_branch": "main", "event": "push", "status": "success"}


def event(**run: Any) -> dict[str, Any]:
    owner = {"owner": {"login": "octo"}}
    return {"workflow_run": {**RUN, "repository": {"full_name": "octo/shop"}, "head_repository": owner, **run}}


def upload(shop: Repo, content: bytes, run: int = 9) -> None:
    shop.artifacts[run] = [(run * 10, "scorecard", content)]


def pull(number: int = 1, sha: str = SHA, label: str = "octo:topic") -> dict[str, Any]:
    base = {"ref": "main", "repo": {"full_name": "octo/shop"}}
    return {"number": number, "state": "open", "head": {"sha": sha, "label": label}, "base": base}


@pytest.fixture
def shop(github: GitHub) -> Repo:
    shop = github.repo(commits=[BASE, SHA], branches={"main": BASE}, pulls=[pull()], runs=[PUSH])
    shop.files[SHA, GRADE] = WORKFLOW
    upload(shop, packed(artefacts.text(card())))
    upload(shop, packed(artefacts.text(card({"docs.adrs": BAD}, sha=BASE, run=5))), 5)
    return shop


def told(client: Client, **run: Any) -> Reported:
    return report(client, event(**run), SETTINGS)


def bodies(shop: Repo, number: int = 1) -> list[str]:
    return [item["body"] for item in shop.comments.get(number, [])]


def test_a_pull_request_gets_one_comment_that_is_edited_on_the_next_push(client: Client, shop: Repo) -> None:
    told(client)
    (first,) = bodies(shop)
    assert "100.0 %" in first
    assert "+" in first.splitlines()[3]
    assert "### Newly passing" in first
    newer = "e" * 40
    shop.pulls = [pull(sha=newer)]
    shop.files[newer, GRADE] = WORKFLOW
    upload(shop, packed(artefacts.text(card({"docker.non-root": BAD}, sha=newer, run=10))), 10)
    told(client, id=10, head_sha=newer)
    (second,) = bodies(shop)
    assert "### Newly failing" in second


def test_the_same_grade_again_writes_nothing(client: Client, shop: Repo, github: GitHub) -> None:
    told(client)
    writes = len(github.writes())
    told(client)
    assert len(github.writes()) == writes


def test_the_grade_of_an_older_commit_does_not_overwrite_a_newer_one(client: Client, shop: Repo) -> None:
    shop.pulls = [pull(sha="e" * 40)]
    done = told(client)
    assert bodies(shop) == []
    assert any("as its newest" in notice for notice in done.notices)


def test_a_fork_is_found_by_its_owner_and_branch(client: Client, shop: Repo) -> None:
    shop.pulls = [pull(7, label="stranger:topic"), pull(8, label="octo:topic")]
    told(client, head_repository={"owner": {"login": "stranger"}})
    assert len(bodies(shop, 7)) == 1
    assert bodies(shop, 8) == []


def test_somebody_elses_comment_with_our_marker_is_left_alone(client: Client, shop: Repo) -> None:
    shop.comments[1] = [{"id": 1, "body": f"{MARKER} 100 %", "user": {"login": "mallory", "type": "User"}}]
    told(client)
    assert len(bodies(shop)) == 2
    assert bodies(shop)[0] == f"{MARKER} 100 %"


def test_a_comment_of_the_bot_that_only_quotes_the_marker_is_left_alone(client: Client, shop: Repo) -> None:
    shop.comments[1] = [{"id": 1, "body": f"see {MARKER}", "user": {"login": BOT, "type": "Bot"}}]
    told(client)
    assert len(bodies(shop)) == 2


def test_what_an_interrupted_run_left_double_goes(client: Client, shop: Repo) -> None:
    mine = {"login": BOT, "type": "Bot"}
    shop.comments[1] = [{"id": n, "body": MARKER, "user": mine} for n in (1, 2, 3)]
    told(client)
    assert len(bodies(shop)) == 1


@pytest.mark.parametrize("mood", [500, 502, "secondary", 429, "timeout", "reset"])
@pytest.mark.parametrize(
    ("verb", "path"),
    [("GET", "/artifacts"), ("GET", "/contents/"), ("GET", "/pulls"), ("GET", "/actions/runs$"), ("POST", "/comments"),
     ("POST", "/check-runs")],
)  # fmt: skip
def test_a_bad_moment_anywhere_still_ends_in_one_correct_comment(
    client: Client, shop: Repo, github: GitHub, mood: int | str, verb: str, path: str
) -> None:
    lost = verb == "POST" and mood in (500, 502, "timeout", "reset")
    github.faults = [Fault(mood, verb, path, times=1, after=lost)]
    told(client)
    (said,) = bodies(shop)
    assert "against `main`" in said
    assert len(shop.check_runs) == 1
    assert not any(fault.times for fault in github.faults)


@pytest.mark.parametrize("mood", [500, "secondary", "reset"])
def test_an_artefact_that_github_does_not_hand_out_is_not_yet_known(
    client: Client, shop: Repo, github: GitHub, mood: int | str
) -> None:
    github.faults = [Fault(mood, path="/runs/9/artifacts", times=99)]
    done = told(client)
    assert "not yet known" in done.text
    assert "not yet known" in bodies(shop)[0]


@pytest.mark.parametrize("mood", [500, "secondary", "reset", 404])
def test_a_base_that_github_does_not_hand_out_costs_only_the_comparison(
    client: Client, shop: Repo, github: GitHub, mood: int | str
) -> None:
    github.faults = [Fault(mood, path="/runs/5/artifacts", times=99)]
    told(client)
    (said,) = bodies(shop)
    assert "100.0 %" in said
    assert "Not compared: the base branch" in said


def test_where_nothing_may_be_written_the_text_has_it_all(client: Client, shop: Repo) -> None:
    shop.read_only = True
    done = told(client)
    assert "100.0 %" in done.text
    assert [notice.partition(":")[0] for notice in done.notices] == [
        "could not comment",
        "could not make the check run",
    ]


def test_without_an_artefact_the_comment_says_so(client: Client, shop: Repo) -> None:
    shop.artifacts.clear()
    told(client)
    assert "the run uploaded no scorecard" in bodies(shop)[0]
    assert shop.check_runs[0]["conclusion"] == "failure"


def test_a_refused_artefact_replaces_the_grade_of_before(client: Client, shop: Repo) -> None:
    told(client)
    upload(shop, b"not a zip")
    told(client)
    (said,) = bodies(shop)
    assert "Not graded" in said


def test_an_artefact_of_another_repositorys_run_earns_no_assurance(client: Client, shop: Repo) -> None:
    other = card()._replace(workflow=WorkflowRun("octo/other", "r", SHA, GRADE, card().workflow.digest, 9, 1))  # type: ignore[union-attr]
    upload(shop, packed(artefacts.text(other)))
    assert "> Assurance: **self**, since the scorecard names another run" in told(client).text


@pytest.mark.parametrize(
    "workflow",
    [{"run_id": 8}, {"attempt": 2}, {"sha": BASE}, {"path": ".github/workflows/x.yml"}, {"digest": "0" * 64}],
    ids=lambda change: next(iter(change)),
)
def test_a_record_that_does_not_fit_the_run_earns_no_assurance(
    client: Client, shop: Repo, workflow: dict[str, Any]
) -> None:
    own = card()
    assert own.workflow is not None
    upload(shop, packed(artefacts.text(own._replace(workflow=own.workflow._replace(**workflow)))))
    assert "Assurance: **self**" in told(client).text


def test_a_workflow_that_the_pull_request_changed_is_named_with_its_repair(client: Client, shop: Repo) -> None:
    shop.files[SHA, GRADE] = WORKFLOW + b"# generous\n"
    said = told(client).text
    assert "Assurance: **self**" in said
    assert "was changed" in said
    assert "scaffold update" in said


def test_a_workflow_that_github_does_not_have_is_not_trusted(client: Client, shop: Repo) -> None:
    del shop.files[SHA, GRADE]
    assert "could not be compared" in told(client).text


def test_when_everything_agrees_nothing_is_doubted(client: Client, shop: Repo) -> None:
    assert "Assurance" not in told(client).text


# The check run


def failing(count: int) -> Scorecard:
    ids = [f.id for f in card().findings if not f.advisory][:count]
    return card({id_: failed("bad", Location("src/app.py", n + 1)) for n, id_ in enumerate(ids)})


@pytest.mark.parametrize("count", [0, 1, 50, 51, 101])
def test_annotations_go_in_fifties(client: Client, shop: Repo, github: GitHub, count: int) -> None:
    upload(shop, packed(artefacts.text(failing(count))))
    told(client)
    (run,) = shop.check_runs
    lines = [a["start_line"] for a in shop.annotations[run["id"]]]
    assert sorted(lines) == list(range(1, count + 1))
    assert sum(path.endswith("/check-runs") or "/check-runs/" in path for _, path in github.writes()) == max(
        1, -(-count // 50)
    )


@pytest.mark.parametrize("after", [False, True])
def test_no_annotation_is_lost_or_doubled_when_a_request_is_lost(
    client: Client, shop: Repo, github: GitHub, after: bool
) -> None:
    upload(shop, packed(artefacts.text(failing(120))))
    github.faults = [
        Fault(502, "PATCH", "/check-runs/", after=after),
        Fault("reset", "POST", "/check-runs", after=after),
    ]
    told(client)
    (run,) = shop.check_runs
    assert sorted(a["start_line"] for a in shop.annotations[run["id"]]) == list(range(1, 121))


@pytest.mark.parametrize(
    ("bar", "conclusion"), [(None, "neutral"), (Fraction(1), "success"), (Fraction(101, 100), "failure")]
)
def test_the_conclusion_follows_the_bar(client: Client, shop: Repo, bar: Fraction | None, conclusion: str) -> None:
    report(client, event(), SETTINGS._replace(bar=bar))
    (run,) = shop.check_runs
    assert (run["name"], run["head_sha"], run["conclusion"]) == (NAME, SHA, conclusion)


def test_a_push_gets_a_check_run_and_no_comment(client: Client, shop: Repo) -> None:
    done = told(client, event="push")
    assert bodies(shop) == []
    assert len(shop.check_runs) == 1
    assert done.notices == ()


# The event


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"workflow_run": None},
        {"workflow_run": {"id": 1}},
        event(repository={"full_name": "octo/other"}),
        event(path=".github/workflows/evil.yml"),
        event(event="workflow_dispatch"),
        event(head_sha="main"),
        event(id="9"),
    ],
    ids=[
        "empty",
        "nothing",
        "half",
        "another repository",
        "another workflow",
        "another event",
        "no commit",
        "no number",
    ],
)
def test_an_event_about_something_else_is_not_ours(client: Client, shop: Repo, wrong: dict[str, Any]) -> None:
    with pytest.raises(NotOurs):
        report(client, wrong, SETTINGS)


def test_a_path_with_its_ref_is_the_workflow_all_the_same() -> None:
    found = measured(json.loads(json.dumps(event(path=f"{GRADE}@refs/heads/main"))), "octo/shop")
    assert found.path == GRADE


# The command


@pytest.fixture
def job(github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr("github.Consts.DEFAULT_SECONDS_BETWEEN_REQUESTS", 0)
    monkeypatch.setattr("github.Consts.DEFAULT_SECONDS_BETWEEN_WRITES", 0)
    return {
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "octo/shop",
        "GITHUB_TOKEN": "t",
        "GITHUB_API_URL": github.url,
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }


def test_the_command_reports_and_keeps_the_text_in_the_summary(shop: Repo, job: dict[str, str]) -> None:
    Path(job["GITHUB_EVENT_PATH"]).write_text(json.dumps(event()))
    done = CliRunner().invoke(steps, ["report", "--project", "project2", "--min-score", "80"], env=job)
    assert done.exit_code == 0, done.output
    assert "(https://github.example/octo/shop/actions/runs/9)" in bodies(shop)[0]
    assert shop.check_runs[0]["conclusion"] == "success"
    assert "100.0 %" in Path(job["GITHUB_STEP_SUMMARY"]).read_text()


def test_the_command_tells_what_it_could_not_write_and_what_is_not_its_own(shop: Repo, job: dict[str, str]) -> None:
    shop.read_only = True
    Path(job["GITHUB_EVENT_PATH"]).write_text(json.dumps(event()))
    done = CliRunner().invoke(steps, ["report", "--project", "project2"], env=job)
    assert done.exit_code == 0
    assert "::notice title=Scorecard::could not comment" in done.output
    Path(job["GITHUB_EVENT_PATH"]).write_text("{}")
    done = CliRunner().invoke(steps, ["report", "--project", "project2"], env=job)
    assert done.exit_code == 0
    assert "::notice title=Nothing to report::" in done.output
