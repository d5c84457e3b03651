"""What an event really leads to in a workflow: which jobs, steps and commands, and whether their failure counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from checks.evidence._expressions import condition
from checks.evidence._shell import Command
from checks.evidence._workflow_types import Job, Run, Step, Trigger, Workflow

MAX_LEVELS = 4  # reusable workflows and composite actions inside each other
CODE = frozenset({".py", ".rb", ".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx"})
_STATUS = re.compile(r"\b(?:always|failure|cancelled)\s*\(", re.IGNORECASE)
_PULL_TYPES = frozenset({"opened", "synchronize", "reopened"})

Describe = Callable[[Workflow, Job, Step, Command | None], tuple[tuple[str, ...], frozenset[str], float | None]]


class _State(NamedTuple):
    """How far a job or a step is reached."""

    runs: bool
    certain: bool = False
    on_failure: bool = False
    despite: bool = False


def starts(trigger: Trigger, branches: tuple[str, ...], code: tuple[str, ...]) -> bool:
    """Whether a change of the code on one of `branches` (for a pull request: against it) starts the workflow."""
    if (
        trigger.event == "push"
        and trigger.tags is not None
        and trigger.branches is None
        and not trigger.branches_ignore
    ):
        return False
    if trigger.event in ("push", "pull_request", "pull_request_target"):
        if trigger.branches is not None and not any(_matches(trigger.branches, b) for b in branches):
            return False
        if trigger.branches_ignore is not None and all(_matches(trigger.branches_ignore, b) for b in branches):
            return False
        if trigger.paths is not None and not any(_matches(trigger.paths, p) for p in code):
            return False
        if trigger.paths_ignore is not None and all(_matches(trigger.paths_ignore, p) for p in code):
            return False
    if trigger.event == "pull_request" and trigger.types is not None:
        return bool(_PULL_TYPES & set(trigger.types))
    return True


def _matches(patterns: Iterable[str], name: str) -> bool:
    """Apply GitHub's filter patterns in order; a pattern with `!` takes back what one before took."""
    found = False
    for pattern in patterns:
        if _glob(pattern.removeprefix("!")).match(name):
            found = not pattern.startswith("!")
    return found


def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\+)", pattern[:500])
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "?", "+": "+"}
    out = ""
    for part in parts:
        quantifier = part in ("?", "+") and (not out or out[-1] in "*?+")
        out += "" if quantifier else known.get(part) or re.escape(part)
    return re.compile(out + r"\Z")


def context(event: str, branch: str, *, conclusion: str = "success") -> dict[str, object]:
    """Return what expressions can know of an ordinary `event` on the default branch, with an ordinary message."""
    pull = event.startswith("pull_request")
    return {
        "github.event_name": event,
        "github.ref": "refs/pull/1/merge" if pull else f"refs/heads/{branch}",
        "github.ref_name": "1/merge" if pull else branch,
        "github.ref_type": "branch",
        "github.base_ref": branch if pull else "",
        "github.event.repository.default_branch": branch,
        "github.event.head_commit.message": "Change",
        "github.event.pull_request.title": "Change",
        "github.event.pull_request.draft": False,
        "github.event.pull_request.merged": False,
        "github.event.pull_request.base.ref": branch,
        "github.event.pull_request.labels.*.name": [],
        "github.event.workflow_run.conclusion": conclusion,
        "github.event.workflow_run.head_branch": branch,
        "github.event.workflow_run.event": "push",
        "runner.os": "Linux",
    }


class Walker:
    """Lists the runs of one workflow under one event."""

    def __init__(
        self,
        workflow: Workflow,
        known: Mapping[str, object],
        composites: Mapping[str, tuple[Step, ...]],
        describe: Describe,
    ) -> None:
        self._workflow = workflow
        self._known = known
        self._composites = composites
        self._describe = describe

    def runs(self) -> Iterator[Run]:
        """Yield every step and command that is reached."""
        yield from self._jobs(self._workflow.jobs, _State(True, True), True, 0)

    def _jobs(self, jobs: tuple[Job, ...], outer: _State, fatal: bool, level: int) -> Iterator[Run]:
        by_id = {job.id: job for job in jobs}
        states: dict[str, _State] = {}
        for job in jobs:
            own = self._job(job, by_id, states, frozenset())
            if not own.runs:
                continue
            state = _State(
                True, outer.certain and own.certain, outer.on_failure or own.on_failure, outer.despite or own.despite
            )
            stops = fatal and not self._ignored(job.continue_on_error, job)
            if job.called and level < MAX_LEVELS:
                yield from self._jobs(job.called, state, stops, level + 1)
            yield from self._steps(job, job.steps, state, stops, 0)

    def _job(self, job: Job, by_id: Mapping[str, Job], states: dict[str, _State], above: frozenset[str]) -> _State:
        if job.id in states:
            return states[job.id]
        if job.id in above or len(above) > 100:
            return _State(False)
        needs = [
            self._job(by_id[n], by_id, states, above | {job.id}) if n in by_id else _State(False) for n in job.needs
        ]
        known = {
            **self._known,
            **_environment(self._workflow.env),
            **{f"needs.{n}.result": "success" for n in job.needs},
        }
        state = _decide(job.condition, known)
        if not _STATUS.search(str(job.condition or "")):
            if not all(need.runs for need in needs):
                state = _State(False)
            elif any(need.on_failure for need in needs):
                state = _State(state.runs, False, True)
            elif not all(need.certain for need in needs):
                state = _State(state.runs, False, state.on_failure, state.despite)
        states[job.id] = state
        return state

    def _ignored(self, flag: bool | str, job: Job) -> bool:
        """Whether `continue-on-error` holds, also for an expression that is true for every value of the matrix."""
        return flag if isinstance(flag, bool) else condition(flag, {**self._known, **_constants(job)}) is True

    def _steps(self, job: Job, steps: tuple[Step, ...], outer: _State, fatal: bool, level: int) -> Iterator[Run]:
        shared = {**self._known, **_constants(job), **_environment(self._workflow.env), **_environment(job.env)}
        for step in steps:
            known = {**shared, **_environment(step.env)} if step.env else shared
            own = _decide(step.condition, known)
            if not own.runs:
                continue
            state = _State(True, outer.certain and own.certain, outer.on_failure or own.on_failure, own.despite)
            stops = fatal and not self._ignored(step.continue_on_error, job)
            inner = self._composites.get(step.uses or "", ())
            if inner and level < MAX_LEVELS:
                yield from self._steps(job, inner, state._replace(despite=outer.despite), stops, level + 1)
            commands: tuple[Command | None, ...] = step.commands if step.run is not None else (None,)
            for command in commands:
                words, does, gate = self._describe(self._workflow, job, step, command)
                yield Run(
                    workflow=self._workflow,
                    job=job,
                    step=step,
                    command=command,
                    words=words,
                    does=does,
                    fatal=stops and (command is None or command.fatal),
                    certain=state.certain and (command is None or command.certain),
                    on_failure=state.on_failure,
                    despite_jobs=outer.despite,
                    despite_steps=state.despite,
                    gate=gate,
                )


def _decide(text: str | bool | None, known: Mapping[str, object]) -> _State:
    normal = condition(text, known)
    broken = condition(text, known, failed=True) if text is not None else False
    if normal is False:
        return _State(broken is not False, False, True)
    return _State(True, normal is True, False, broken is not False)


def _environment(pairs: tuple[tuple[str, str], ...]) -> dict[str, object]:
    return {f"env.{name.lower()}": value for name, value in pairs if "${{" not in value}


def _constants(job: Job) -> dict[str, object]:
    """Return the matrix values that are the same in every job of the matrix."""
    words: dict[str, object] = {"true": True, "false": False}
    return {
        f"matrix.{key.lower()}": words.get(values[0], values[0]) for key, values in job.matrix if len(set(values)) == 1
    }
