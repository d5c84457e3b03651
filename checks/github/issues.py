"""Opens and closes the issues of a published project by verdict: what is proven is done, whoever clicked what."""

from __future__ import annotations

from typing import Any, NamedTuple

from checks.model import MilestoneScore, Scorecard, State
from scaffolder.github import Client
from scaffolder.plan import task_of
from scaffolder.projects import Project

_OPEN = (State.FAIL, State.PARTIAL, State.BLOCKED)


class Synced(NamedTuple):
    """The tasks whose issues were closed and reopened, and those that have no issue."""

    closed: tuple[str, ...]
    reopened: tuple[str, ...]
    missing: tuple[str, ...]


def wanted(card: Scorecard, project: Project) -> dict[str, str]:
    """Return each task's state: ``closed`` when every check of its milestone passes, ``open`` when one fails.

    Tasks of milestones that are neither (something is not yet known) are left out: they stay as they are.
    """
    states = {finding.id: finding.verdict.state for finding in card.findings}
    verdicts = {milestone.id: _state(milestone, states) for milestone in card.milestones}
    return {
        task.id: state
        for milestone in project.milestones
        for task in milestone.tasks
        if (state := verdicts.get(milestone.id)) is not None
    }


def _state(milestone: MilestoneScore, states: dict[str, State]) -> str | None:
    found = [states[check.id] for check in milestone.checks if check.possible]
    if any(state in _OPEN for state in found):
        return "open"
    return "closed" if found and all(state is State.PASS for state in found) else None


def sync(client: Client, repository: str, card: Scorecard, project: Project) -> Synced:
    """Bring the issues of `repository` to the states that the scorecard asks for.

    Raises GitHubError when GitHub can't be asked or the token may not write.
    """
    path = f"/repos/{repository}/issues"
    issues: dict[str, dict[str, Any]] = {}
    for item in client.each(path, limit=5000, state="all", direction="desc"):
        task = task_of(item["body"]) if "pull_request" not in item else None
        if task is not None:
            issues[task] = item  # the oldest wins: later ones with the marker are somebody's copies
    goals = wanted(card, project)
    changed: dict[str, list[str]] = {"closed": [], "open": []}
    for task, state in goals.items():
        issue = issues.get(task)
        if issue is not None and issue["state"] != state:
            reason = "completed" if state == "closed" else "reopened"
            body = {"state": state, "state_reason": reason}
            client.send("PATCH", f"{path}/{issue['number']}", body, repeatable=True)
            changed[state].append(task)
    missing = tuple(task for task in goals if task not in issues)
    return Synced(tuple(changed["closed"]), tuple(changed["open"]), missing)
