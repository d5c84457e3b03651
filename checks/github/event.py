"""What a `workflow_run` event says, as far as it concerns this repository's own grade workflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from checks.identity import GRADE
from scaffolder.github import is_repository_name

_SHA = re.compile(r"[0-9a-f]{40}")
EVENTS = ("pull_request", "push")


class NotOurs(Exception):
    """The event is not about the grade of this repository; the text says why."""


class Measured(NamedTuple):
    """The run that measured: `head` is OWNER:BRANCH, as GitHub looks pull requests up."""

    repository: str
    run_id: int
    attempt: int
    sha: str
    event: str
    head: str
    path: str
    conclusion: str


def measured(event: Mapping[str, Any], repository: str) -> Measured:
    """Return the run that a `workflow_run` event is about.

    Raises NotOurs when it belongs to another repository or workflow, or is no event of this kind.
    """
    try:
        run = event["workflow_run"]
        found = Measured(
            repository=run["repository"]["full_name"],
            run_id=run["id"],
            attempt=run["run_attempt"],
            sha=run["head_sha"],
            event=run["event"],
            head=f"{run['head_repository']['owner']['login']}:{run['head_branch']}",
            path=str(run["path"]).partition("@")[0],
            conclusion=run["conclusion"] or "",
        )
    except (KeyError, TypeError) as problem:
        raise NotOurs("this is no workflow_run event") from problem
    if not is_repository_name(repository) or found.repository != repository:
        raise NotOurs("the run belongs to another repository")
    if found.path != GRADE or found.event not in EVENTS:
        raise NotOurs(f"the run is not one of {GRADE} for a push or a pull request")
    if not isinstance(found.run_id, int) or not isinstance(found.attempt, int) or not _SHA.fullmatch(found.sha):
        raise NotOurs("the run has no id, attempt or commit")
    return found
