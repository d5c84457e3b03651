"""GitHub workflows: what they say, and what a push, a pull request or any event really runs.

Reusable workflows and composite actions of the tree are followed, and so are the scripts that steps call (`_scripts`).
Nothing is executed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from checks.evidence._gates import Settings, gate, settings
from checks.evidence._reach import CODE, Walker, context, starts
from checks.evidence._scripts import Scripts
from checks.evidence._shell import Command
from checks.evidence._tools import action_does, does, unwrap
from checks.evidence._workflow_parse import composite, workflow
from checks.evidence._workflow_types import (
    Concurrency,
    Job,
    Permissions,
    Run,
    Service,
    Step,
    Trigger,
    Workflow,
)
from checks.evidence._yaml import YamlProblem
from checks.repository import FileTooLarge, Repository

__all__ = ["Command", "Concurrency", "Job", "Permissions", "Run", "Service", "Step", "Trigger", "Workflow", "Workflows"]

MAX_FILES = 60
_EVENTS = frozenset({"push", "pull_request", "pull_request_target", "workflow_run", "schedule", "release",
                     "workflow_dispatch", "merge_group", "repository_dispatch", "deployment", "create"})  # fmt: skip


class Workflows(NamedTuple):
    """The workflows of a repository.

    `push` and `pull_request` hold what a change of the code on (or against) the default branch runs, `any` what some
    event runs, `after_red` what a `workflow_run` of a failed workflow runs, `from_fork` what a stranger's pull request
    runs with this repository's secrets (`pull_request_target`, and `workflow_run` after it). `actions` are the
    composite actions of the tree with their steps.
    """

    files: tuple[Workflow, ...]
    default_branches: tuple[str, ...]
    push: tuple[Run, ...]
    pull_request: tuple[Run, ...]
    any: tuple[Run, ...]
    after_red: tuple[Run, ...]
    from_fork: tuple[Run, ...] = ()
    actions: tuple[tuple[str, tuple[Step, ...]], ...] = ()
    stacks: frozenset[str] = frozenset()

    @property
    def readable(self) -> tuple[Workflow, ...]:
        """The workflows that could be parsed."""
        return tuple(w for w in self.files if w.problem is None)


def collect(repository: Repository) -> Workflows:
    """Reading workflows."""
    return _Reader(repository).workflows()


def default_branches(repository: Repository) -> tuple[str, ...]:
    """Return the names that the default branch may have: the remote's, else the current one if it is a usual one."""
    head = repository.root / ".git/refs/remotes/origin/HEAD"
    try:
        text = head.read_text("utf-8", errors="replace")[:300] if head.is_file() else ""
    except OSError:
        text = ""
    if text.startswith("ref: refs/remotes/origin/"):
        return (text.removeprefix("ref: refs/remotes/origin/").strip(),)
    if repository.branch in ("main", "master", "trunk"):
        return (repository.branch,)
    return ("main", "master")


class _Reader:
    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._scripts = Scripts(repository)
        self._settings: Settings | None = None
        self._hashed: dict[str, bool] = {}
        self._described: dict[tuple[int, int, int], tuple[tuple[str, ...], frozenset[str], float | None]] = {}
        self._composites: dict[str, tuple[Step, ...]] = {}
        self._locks = tuple(e.path for e in repository.entries if e.name in (
            "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock",
            "Gemfile.lock", "bun.lock"))  # fmt: skip

    def workflows(self) -> Workflows:
        paths = [e.path for e in self._repository.glob(".github/workflows/*.yml", ".github/workflows/*.yaml")][
            :MAX_FILES
        ]
        plain = {path: self._parse(path) for path in paths}
        files = tuple(self._called(w, plain) for w in plain.values())
        branches = default_branches(self._repository)
        code = tuple(e.path for e in self._repository.entries if e.suffix in CODE) or ("README.md",)
        live = [w for w in files if w.problem is None]
        events = {
            event: [w for w in live if (t := w.trigger(event)) is not None and starts(t, branches, code)]
            for event in {t.event for w in live for t in w.triggers} & _EVENTS
        }
        by_event = {
            event: tuple(run for w in reached for run in self._runs(w, event, branches[0]))
            for event, reached in sorted(events.items())
        }
        red = [
            run for w in events.get("workflow_run", ()) for run in self._runs(w, "workflow_run", branches[0], "failure")
        ]
        return Workflows(
            files=files,
            default_branches=branches,
            push=by_event.get("push", ()),
            pull_request=by_event.get("pull_request", ()),
            any=_merged(by_event),
            after_red=tuple(run for run in red if not run.on_failure),
            from_fork=tuple(self._from_fork(live, branches[0])),
            actions=tuple((steps[0].path or uses, steps) for uses, steps in self._composites.items() if steps),
            stacks=_stacks(self._repository),
        )

    def _from_fork(self, live: list[Workflow], branch: str) -> Iterable[Run]:
        stranger = {"github.event.workflow_run.event": "pull_request"}
        for event in ("pull_request_target", "workflow_run"):
            known = {**context(event, branch), **stranger}
            for item in live:
                if item.trigger(event) is not None:
                    yield from Walker(item, known, self._composites, self._describe).runs()

    def _runs(self, item: Workflow, event: str, branch: str, conclusion: str = "success") -> Iterable[Run]:
        known = context(event, branch, conclusion=conclusion)
        return Walker(item, known, self._composites, self._describe).runs()

    def _parse(self, path: str) -> Workflow:
        try:
            text = self._repository.read_text(path)
        except FileTooLarge as error:
            return Workflow(path, problem=YamlProblem(str(error)))
        except OSError:
            return Workflow(path, problem=YamlProblem("the file cannot be read"))
        found = workflow(path, text)
        jobs = tuple(job._replace(steps=self._steps(job.steps)) for job in found.jobs)
        return found._replace(jobs=jobs)

    def _steps(self, steps: tuple[Step, ...], level: int = 0) -> tuple[Step, ...]:
        """Follow the scripts that the steps call, and read the composite actions that they use."""
        out = []
        for step in steps:
            uses = step.uses or ""
            if uses.startswith("./") and uses not in self._composites and level < 4:
                self._composites[uses] = ()
                self._composites[uses] = self._steps(self._action(uses), level + 1)
            folder = "" if "$" in step.folder else posixpath.normpath(step.folder or ".")
            followed = self._scripts.follow(step.commands, "" if folder == "." else folder)
            out.append(step if followed == step.commands else step._replace(commands=followed))
        return tuple(out)

    def _action(self, uses: str) -> tuple[Step, ...]:
        folder = posixpath.normpath(uses)
        for name in ("action.yml", "action.yaml"):
            path = posixpath.normpath(posixpath.join(folder, name))
            if path in self._repository.index:
                try:
                    return composite(path, self._repository.read_text(path))
                except (FileTooLarge, OSError):
                    return ()
        return ()

    def _called(self, item: Workflow, plain: Mapping[str, Workflow], level: int = 0) -> Workflow:
        """Put the jobs of local reusable workflows into the jobs that use them."""
        jobs = []
        for job in item.jobs:
            other = plain.get(posixpath.normpath(job.uses)) if job.uses and job.uses.startswith("./") else None
            if other is not None and level < 4 and other.trigger("workflow_call"):
                inner = self._called(other, plain, level + 1)
                jobs.append(job._replace(called=tuple(_given(each, dict(job.inputs)) for each in inner.jobs)))
            else:
                jobs.append(job)
        return item._replace(jobs=tuple(jobs))

    def _describe(
        self, item: Workflow, job: Job, step: Step, command: Command | None
    ) -> tuple[tuple[str, ...], frozenset[str], float | None]:
        key = (id(step), id(command), id(job))
        if key not in self._described:
            self._described[key] = self._recognise(item, job, step, command)
        return self._described[key]

    def _recognise(
        self, item: Workflow, job: Job, step: Step, command: Command | None
    ) -> tuple[tuple[str, ...], frozenset[str], float | None]:
        env = {**dict(item.env), **dict(job.env), **dict(step.env)}
        if command is None:
            found = set(action_does(step.uses or "", dict(step.inputs)))
            if "Gemfile.lock" not in self._locks and "install" in found:
                found.discard("locked")
            return (), frozenset(found), None
        words = unwrap(command.words)
        if not words:
            return (), frozenset(), None
        found = set(does(words, step.name))
        if "lint" in found and words[0] == "ruff" and "check" in words and self._scripts.ruff_security():
            found.add("sast")
        if "install" in found and "locked" not in found and self._locked(words, found, env, step):
            found.add("locked")
        figure = None
        if "test" in found or words[0] in ("coverage", "c8", "nyc"):
            if self._settings is None:
                self._settings = settings(self._repository)
            figure = gate(words, self._settings)
        return words, frozenset(found), figure

    def _locked(self, words: tuple[str, ...], found: set[str], env: Mapping[str, str], step: Step) -> bool:
        """Whether an install without an option for it still takes only what a lock file names."""
        if "locked-by-file" in found:
            return any(p.endswith(("poetry.lock", "pnpm-lock.yaml")) for p in self._locks)
        if words[0] == "bundle":
            flags = {env.get("BUNDLE_FROZEN", ""), env.get("BUNDLE_DEPLOYMENT", "")}
            return bool(flags & {"true", "1"}) or any("bundle-frozen" in does(unwrap(c.words)) for c in step.commands)
        if words[0] == "uv" and {env.get("UV_FROZEN", ""), env.get("UV_LOCKED", "")} & {"1", "true"}:
            return True
        files = [words[n + 1] for n, w in enumerate(words[:-1]) if w in ("-r", "--requirement", "--requirements")]
        return bool(files) and all(self._has_hashes(posixpath.normpath(posixpath.join(step.folder, f))) for f in files)

    def _has_hashes(self, path: str) -> bool:
        """Whether a requirements file carries hashes: pip then demands one for every package."""
        if path not in self._hashed:
            try:
                self._hashed[path] = b"--hash=" in self._repository.read_bytes(path)
            except (OSError, FileTooLarge):
                self._hashed[path] = False
        return self._hashed[path]


def _merged(by_event: Mapping[str, tuple[Run, ...]]) -> tuple[Run, ...]:
    """Return each run once, as the event that reaches it best, with all events that reach it."""
    best: dict[tuple[str, str, int, int, int], Run] = {}
    for event, runs in by_event.items():
        for run in runs:
            key = (run.workflow.path, run.job.id, id(run.job), id(run.step), id(run.command))
            old = best.get(key)
            if old is None:
                best[key] = run._replace(events=frozenset({event}))
                continue
            better = (run.on_failure, not run.certain) < (old.on_failure, not old.certain)
            best[key] = (run if better else old)._replace(events=old.events | {event})
    return tuple(best.values())


def _given(job: Job, inputs: Mapping[str, str]) -> Job:
    """Put what the caller passes into the environment's name of a reusable workflow's job."""
    match = re.fullmatch(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}", job.environment or "")
    return job._replace(environment=inputs.get(match.group(1), job.environment)) if match else job._replace()


def _stacks(repository: Repository) -> frozenset[str]:
    """Return the languages of the tree by the manifests in it."""
    named = {
        "pyproject.toml": "python", "requirements.txt": "python", "Pipfile": "python", "setup.py": "python",
        "manage.py": "python", "Gemfile": "ruby", "package.json": "node",
    }  # fmt: skip
    return frozenset(named[e.name] for e in repository.entries if e.name in named)
