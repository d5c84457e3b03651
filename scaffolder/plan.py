"""What a published project looks like at GitHub: pure values, made of project.toml alone.

Shared with `checks`, which opens and closes the issues by verdict; it knows them by the marker in their text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from scaffolder.projects import Milestone, Project, Task, due_date

BRANCH = "main"
CHECK = "Grade"  # the job of grade.yml
ACTIONS = 15368  # GitHub's own id of GitHub Actions: a check of that name by anything else does not count
RULESET = "scaffold: default branch"
_MARKER = re.compile(r"<!-- scaffold:(m\d{1,2}\.\d{1,2}) -->")


class Label(NamedTuple):
    """A label for issues; `color` is six hexadecimal digits."""

    name: str
    color: str
    description: str


class PlannedMilestone(NamedTuple):
    """A milestone at GitHub; `due` is None for a project without a start."""

    title: str
    description: str
    due: date | None


class PlannedIssue(NamedTuple):
    """An issue for one task."""

    task: str
    title: str
    body: str
    milestone: str
    labels: tuple[str, ...]


class Plan(NamedTuple):
    """Everything that `scaffold publish` sees to. Environments map to the branches that may deploy to them."""

    description: str
    environments: Mapping[str, tuple[str, ...]]
    labels: tuple[Label, ...]
    milestones: tuple[PlannedMilestone, ...]
    issues: tuple[PlannedIssue, ...]
    ruleset: Mapping[str, Any]


def plan(project: Project, start: date | None) -> Plan:
    """Return what a project looks like at GitHub, with due dates when it has a first day."""
    weeks = sorted({milestone.week for milestone in project.milestones})
    return Plan(
        description=project.summary,
        environments={"staging": (), "production": (BRANCH,)},
        labels=(
            Label("task", "1d76db", "A task of a milestone"),
            *(Label(f"week {week}", "c5def5", f"Planned for week {week}") for week in weeks),
        ),
        milestones=tuple(
            PlannedMilestone(
                _title(milestone),
                f"{milestone.points} points. See {milestone.docs}.",
                due_date(milestone, project, start) if start else None,
            )
            for milestone in project.milestones
        ),
        issues=tuple(_issue(milestone, task) for milestone in project.milestones for task in milestone.tasks),
        ruleset=_ruleset(),
    )


def task_of(body: str | None) -> str | None:
    """Return the id of the task that an issue stands for, by the marker in its text; None for any other issue."""
    found = _MARKER.search(body or "")
    return found[1] if found else None


def _title(milestone: Milestone) -> str:
    return f"{milestone.id} · {milestone.title}"


def _issue(milestone: Milestone, task: Task) -> PlannedIssue:
    body = (
        f"Goal, hints and how it is graded: [{milestone.docs}](../blob/HEAD/{milestone.docs}).\n\n"
        f"Its place in the source is marked `TODO({task.id})`, if the starter has a stub for it.\n\n"
        "Closed when every check of the milestone passes (`check --sync-issues`).\n\n"
        f"<!-- scaffold:{task.id} -->\n"
    )
    labels = ("task", f"week {milestone.week}")
    return PlannedIssue(task.id, f"{task.id} {task.title}", body, _title(milestone), labels)


def _ruleset() -> dict[str, Any]:
    return {
        "name": RULESET,
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {
                "type": "pull_request",
                "parameters": {
                    "dismiss_stale_reviews_on_push": False,
                    "require_code_owner_review": False,
                    "require_last_push_approval": False,
                    "required_approving_review_count": 0,  # who works alone cannot approve
                    "required_review_thread_resolution": True,
                },
            },
            {
                "type": "required_status_checks",
                "parameters": {
                    "required_status_checks": [{"context": CHECK, "integration_id": ACTIONS}],
                    "strict_required_status_checks_policy": False,
                },
            },
        ],
    }
