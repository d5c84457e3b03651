"""Tells a pull request its grade: the thin part that calls GitHub. It runs where it may write, without a checkout."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from checks.github import annotate, intake, limits
from checks.github.comment import MARKER, Context, comment, refusal
from checks.github.difference import difference
from checks.github.event import Measured, measured
from checks.github.intake import Rejected
from checks.github.verification import doubt
from checks.identity import GRADE, expected_digest
from checks.model import Assurance, Scorecard
from scaffolder.github import Client, GitHubError, Refused, Unreachable
from scaffolder.projects import Project

BOT = "github-actions[bot]"
ARTIFACT = "scorecard"
_NOT_ALLOWED = (401, 403, 404)


class Reported(NamedTuple):
    """What was said (Markdown, for the job's summary), and what could not be done, in words of ours."""

    text: str
    notices: tuple[str, ...] = ()


class Settings(NamedTuple):
    """What a report is made by: the repository, its project, the bar to reach, and GitHub's address for people."""

    repository: str
    project: Project
    bar: Fraction | None = None
    server: str = "https://github.com"


def report(client: Client, event: Mapping[str, Any], settings: Settings) -> Reported:
    """Say the grade of the run that a `workflow_run` event is about: a sticky comment and a check run.

    What GitHub does not let us write is left out and told; the text has it all the same.

    Raises NotOurs when the event is about something else.
    """
    run = measured(event, settings.repository)
    notices: list[str] = []
    card, reason = _card(client, run, settings)
    context = Context(f"{settings.server}/{run.repository}/actions/runs/{run.run_id}", run.sha)
    text = refusal(reason, context) if card is None else comment(card, None, context._replace(doubt=reason))
    pulls = _try(notices, "find the pull request", lambda: _pulls(client, run)) or []
    if run.event == "pull_request" and not pulls:
        notices.append("no open pull request has this commit as its newest; nothing is commented")
    for pull in pulls:
        text = _text(client, settings, card, reason, context._replace(base=pull["base"]["ref"]))
        _try(notices, "comment", partial(_stick, client, run.repository, pull["number"], text))
    _try(notices, "make the check run", lambda: _check_run(client, run, card, reason, settings))
    return Reported(text, tuple(notices))


def _card(client: Client, run: Measured, settings: Settings) -> tuple[Scorecard | None, str]:
    """The scorecard of the run with the assurance it deserves and a note of any doubt, or why there is none."""
    try:
        card = fetched(client, run.repository, run.run_id, run.sha, settings.project)
        why = doubt(card, run, _workflow_digest(client, run), expected_digest(settings.project))
    except Rejected as problem:
        return None, str(problem)
    except GitHubError as problem:
        return None, f"it is not yet known, GitHub did not hand out the artefact ({type(problem).__name__.lower()})"
    return card._replace(assurance=Assurance.SELF if why else Assurance.CI), why


def fetched(client: Client, repository: str, run_id: int, commit: str, project: Project) -> Scorecard:
    """Return the scorecard that a run uploaded about `commit`, scored by the grader's own plan.

    Raises Rejected when it is not one, and GitHubError when GitHub does not hand it out.
    """
    repo = f"/repos/{repository}"
    found = [
        item
        for item in client.each(f"{repo}/actions/runs/{run_id}/artifacts", "artifacts", 100, name=ARTIFACT)
        if item["name"] == ARTIFACT and not item["expired"]
    ]
    if not found:
        raise Rejected("the run uploaded no scorecard")
    newest = max(found, key=lambda item: int(item["id"]))
    if newest["size_in_bytes"] > limits.ARCHIVE:
        raise Rejected("the artefact is too large")
    archive = client.download(f"{repo}/actions/artifacts/{newest['id']}/zip", limits.ARCHIVE)
    card = intake.accept(intake.unpack(archive), commit)
    return intake.rescore(card, repository.partition("/")[2], project)


def _workflow_digest(client: Client, run: Measured) -> str | None:
    try:
        found = client.get(f"/repos/{run.repository}/contents/{GRADE}", ref=run.sha)
        return hashlib.sha256(base64.b64decode(found["content"])).hexdigest()
    except (Refused, KeyError, TypeError, ValueError):
        return None


def _pulls(client: Client, run: Measured) -> list[dict[str, Any]]:
    """The open pull requests whose newest commit was graded: an older run must not overwrite a newer grade."""
    if run.event != "pull_request":
        return []
    found = client.each(f"/repos/{run.repository}/pulls", limit=100, state="open", head=run.head)
    return [
        pull for pull in found if pull["head"]["sha"] == run.sha and pull["base"]["repo"]["full_name"] == run.repository
    ]


def _text(client: Client, settings: Settings, card: Scorecard | None, reason: str, context: Context) -> str:
    if card is None:
        return refusal(reason, context)
    change, without = None, ""
    try:
        base = _base(client, settings, context.base)
        change = difference(base, card)
    except Rejected as problem:
        without = f"the base branch has no grade ({problem})"
    except GitHubError:
        without = "the base branch's grade is not yet known, GitHub did not answer"
    return comment(card, change, context._replace(doubt=reason, without=without))


def _base(client: Client, settings: Settings, branch: str) -> Scorecard:
    """The scorecard of the newest graded push of the base branch."""
    path = f"/repos/{settings.repository}/actions/runs"
    runs = client.get(path, branch=branch, event="push", status="success", per_page=50)["workflow_runs"]
    for run in runs:
        if str(run["path"]).partition("@")[0] == GRADE:
            return fetched(client, settings.repository, run["id"], run["head_sha"], settings.project)
    raise Rejected("no push of it was graded yet")


def _try(notices: list[str], what: str, do: Callable[[], Any]) -> Any:
    """Do something that GitHub may refuse or miss: the grade is in the summary all the same."""
    try:
        return do()
    except Refused as problem:
        if problem.status not in _NOT_ALLOWED:
            raise
        notices.append(f"could not {what}: this token may not ({problem.status})")
    except Unreachable as problem:
        notices.append(f"could not {what}: {problem}")
    return None


def _stick(client: Client, repository: str, number: int, body: str) -> None:
    """Write the one comment of ours, or edit it; what an interrupted run left double goes."""
    repo = f"/repos/{repository}"

    def own() -> list[dict[str, Any]] | None:
        found = client.each(f"{repo}/issues/{number}/comments", limit=2000)
        return [c for c in found if _is_ours(c)] or None

    def make() -> list[dict[str, Any]]:
        return [client.send("POST", f"{repo}/issues/{number}/comments", {"body": body})]

    first, *others = client.ensure(own, make)
    if first["body"].strip() != body.strip():
        client.send("PATCH", f"{repo}/issues/comments/{first['id']}", {"body": body}, repeatable=True)
    for other in others:
        client.send("DELETE", f"{repo}/issues/comments/{other['id']}", repeatable=True)


def _is_ours(item: Mapping[str, Any]) -> bool:
    """Whether a comment is the sticky one: anybody can write the marker, nobody can sign as the bot."""
    return (item["user"] or {}).get("login") == BOT and str(item["body"] or "").startswith(MARKER)


def _check_run(client: Client, run: Measured, card: Scorecard | None, reason: str, settings: Settings) -> None:
    """Make one check run for the measuring run; annotations go in fifties, and none twice."""
    repo = f"/repos/{run.repository}"
    found = [] if card is None else annotate.annotated(card)
    passed = None if card is None or settings.bar is None else card.score >= settings.bar
    head = {
        "name": annotate.NAME,
        "head_sha": run.sha,
        "external_id": f"{run.run_id}-{run.attempt}",
        "details_url": f"{settings.server}/{run.repository}/actions/runs/{run.run_id}",
        "status": "completed",
        "conclusion": "failure" if card is None else annotate.conclusion(passed),
    }

    def output(start: int) -> dict[str, Any]:
        if card is None:
            return {"title": "Not graded", "summary": f"There is no grade: {reason}."}
        return annotate.output(card, found[start : start + limits.ANNOTATIONS])

    def made() -> dict[str, Any] | None:
        path = f"{repo}/commits/{run.sha}/check-runs"
        every = client.each(path, "check_runs", 300, check_name=annotate.NAME, filter="all")
        return next((item for item in every if item["external_id"] == head["external_id"]), None)

    def more(count: int) -> dict[str, Any] | None:
        seen = made()
        return seen if seen is not None and int(seen["output"]["annotations_count"]) > count else None

    current = client.ensure(made, lambda: client.send("POST", f"{repo}/check-runs", {**head, "output": output(0)}))
    # A check run was made with its first fifty, whatever was lost of the answer.
    sent = max(limits.ANNOTATIONS, int(current["output"]["annotations_count"]))
    while sent < len(found):
        body = {key: value for key, value in head.items() if key != "head_sha"} | {"output": output(sent)}
        path = f"{repo}/check-runs/{current['id']}"
        client.ensure(partial(more, sent), partial(client.send, "PATCH", path, body))
        sent += limits.ANNOTATIONS
