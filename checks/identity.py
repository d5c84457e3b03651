"""Which workflow run measured: recorded by the run, compared here, so that assurance is more than a claim.

`ci` is said only of the template's own grade workflow, unchanged, on a clean checkout of the commit that the run was
started for. Whoever reads the scorecard compares the record with GitHub (`checks.github.verification`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from checks.model import Assurance, Scorecard, WorkflowRun
from checks.repository import FileTooLarge, Repository
from scaffolder.projects import Project

GRADE = ".github/workflows/grade.yml"
REPAIR = "`scaffold update`, or `git checkout <first commit> -- .github/workflows/grade.yml`, restores it"
_PLACE = re.compile(r"([^/@]+/[^/@]+)/([^@]+)@(.+)")
_SHA = re.compile(r"[0-9a-f]{40}")


def signed(card: Scorecard, repository: Repository, project: Project, environment: Mapping[str, str]) -> Scorecard:
    """Return the scorecard with the run that made it and the assurance that follows; unchanged outside Actions."""
    run = recorded(repository, environment)
    if run is None:
        return card
    problem = disagreement(run, card, project)
    if not problem:
        return card._replace(workflow=run, assurance=Assurance.CI)
    return card._replace(workflow=run, notes=(*card.notes, f"not graded as CI: {problem}"))


def recorded(repository: Repository, environment: Mapping[str, str]) -> WorkflowRun | None:
    """Return what GitHub Actions says of the run that this process is part of, None elsewhere."""
    place = _PLACE.fullmatch(environment.get("GITHUB_WORKFLOW_REF", ""))
    run, attempt = environment.get("GITHUB_RUN_ID", ""), environment.get("GITHUB_RUN_ATTEMPT", "1")
    numbers = run.isascii() and run.isdigit() and attempt.isascii() and attempt.isdigit()
    if environment.get("GITHUB_ACTIONS") != "true" or place is None or not numbers:
        return None
    return WorkflowRun(
        repository=environment.get("GITHUB_REPOSITORY", ""),
        ref=environment.get("GITHUB_REF", ""),
        sha=_started_for(environment),
        path=place[2],
        digest=_digest(repository, place[2]),
        run_id=int(run),
        attempt=int(attempt),
    )


def _started_for(environment: Mapping[str, str]) -> str:
    """The commit of the run; a pull request's head rather than its trial merge, which nobody can check out later."""
    try:
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8"))
        head = event["pull_request"]["head"]["sha"]
    except (OSError, ValueError, KeyError, TypeError):
        head = environment.get("GITHUB_SHA", "")
    return head if isinstance(head, str) and _SHA.fullmatch(head) else ""


def _digest(repository: Repository, path: str) -> str:
    try:
        return hashlib.sha256(repository.read_bytes(path)).hexdigest()
    except (OSError, FileTooLarge):
        return ""


def expected_digest(project: Project) -> str | None:
    """Return the SHA-256 of the grader's own copy of the grade workflow, None when the project has none."""
    try:
        return hashlib.sha256((project.starter / GRADE).read_bytes()).hexdigest()
    except OSError:
        return None


def disagreement(run: WorkflowRun, card: Scorecard, project: Project) -> str:
    """Return why the record does not make the scorecard one of CI, with the repair; empty when all agree."""
    if run.path != GRADE:
        return f"the workflow {run.path} is not the template's {GRADE}"
    if run.digest != expected_digest(project):
        return f"{GRADE} was changed; {REPAIR}"
    if not run.sha or run.sha != card.subject.commit:
        return "the graded commit is not the one that the run was started for"
    if card.subject.dirty:
        return f"{card.subject.dirty} files differ from the commit"
    return ""
