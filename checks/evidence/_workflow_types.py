"""GitHub workflows as frozen types: what their files say, in the words of GitHub's documentation."""

from typing import NamedTuple

from checks.evidence._shell import Command
from checks.evidence._yaml import YamlProblem
from checks.model import Location


class Permissions(NamedTuple):
    """The token's permissions: `all` is ``read-all``, ``write-all`` or None, `scopes` pairs like (contents, read)."""

    all: str | None
    scopes: tuple[tuple[str, str], ...]
    line: int

    def level(self, scope: str) -> str:
        """Return ``read``, ``write`` or ``none`` for a scope."""
        if self.all is not None:
            return self.all.removesuffix("-all")
        return dict(self.scopes).get(scope, "none")


class Concurrency(NamedTuple):
    """A concurrency group; `cancel` is what `cancel-in-progress` says, an expression as its text."""

    group: str
    cancel: bool | str
    line: int


class Trigger(NamedTuple):
    """An event that starts a workflow, with its filters; None where a filter is not given."""

    event: str
    line: int
    branches: tuple[str, ...] | None = None
    branches_ignore: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    paths_ignore: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    workflows: tuple[str, ...] = ()


class Service(NamedTuple):
    """A service container of a job; `healthy` says that the job waits for its health check."""

    name: str
    image: str
    healthy: bool
    line: int


class Step(NamedTuple):
    """A step. `commands` are those of its `run`, with the scripts of the tree that it calls followed."""

    line: int
    name: str = ""
    id: str = ""
    uses: str | None = None
    run: str | None = None
    condition: str | bool | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    continue_on_error: bool | str = False
    shell: str | None = None
    folder: str = ""
    commands: tuple[Command, ...] = ()
    problem: str | None = None
    path: str | None = None  # the composite action that it stands in, if not the workflow itself

    def input(self, name: str) -> str | None:
        """Return an input given by `with`, or None."""
        return dict(self.inputs).get(name)


class Job(NamedTuple):
    """A job. `called` holds the jobs of a reusable workflow of this tree, `environment` the name of its environment."""

    id: str
    line: int
    path: str
    name: str = ""
    needs: tuple[str, ...] = ()
    condition: str | bool | None = None
    permissions: Permissions | None = None
    environment: str | None = None
    timeout: str | float | None = None
    runner: str = ""
    services: tuple[Service, ...] = ()
    matrix: tuple[tuple[str, tuple[str, ...]], ...] = ()
    uses: str | None = None
    inherits_secrets: bool = False
    continue_on_error: bool | str = False
    env: tuple[tuple[str, str], ...] = ()
    concurrency: Concurrency | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    steps: tuple[Step, ...] = ()
    called: tuple["Job", ...] = ()

    @property
    def at(self) -> Location:
        """Where the job stands."""
        return Location(self.path, self.line)


class Workflow(NamedTuple):
    """A workflow file. `problem` is why it could not be read at all, `problems` what GitHub would refuse or ignore."""

    path: str
    name: str = ""
    triggers: tuple[Trigger, ...] = ()
    permissions: Permissions | None = None
    concurrency: Concurrency | None = None
    env: tuple[tuple[str, str], ...] = ()
    env_line: int | None = None
    jobs: tuple[Job, ...] = ()
    problem: YamlProblem | None = None
    problems: tuple[YamlProblem, ...] = ()

    def trigger(self, event: str) -> Trigger | None:
        """Return the trigger for an event, or None."""
        return next((t for t in self.triggers if t.event == event), None)

    def at(self, line: int | None = None) -> Location:
        """Return a place in this file."""
        return Location(self.path, line)

    def before(self, job: Job) -> tuple[Job, ...]:
        """Return the jobs that `job` waits for, directly or not, with the jobs of reusable workflows in them."""
        return tuple(_before(self.jobs, job) or ())


def _before(jobs: tuple[Job, ...], wanted: Job) -> list[Job] | None:
    """Return what `wanted` waits for, None when it is not among `jobs` or those that they call."""
    by_id = {job.id: job for job in jobs}
    for job in jobs:
        inner = [] if job is wanted else _before(job.called, wanted)
        if inner is None:
            continue
        found: dict[str, Job] = {}
        waiting = list(job.needs)
        while waiting:
            need = by_id.get(waiting.pop())
            if need is not None and need.id not in found:
                found[need.id] = need
                waiting.extend(need.needs)
        return [*inner, *(each for need in found.values() for each in _with_called(need))]
    return None


def _with_called(job: Job) -> list[Job]:
    return [job, *(each for inner in job.called for each in _with_called(inner))]


class Run(NamedTuple):
    """A step, or one command of it, that an event really leads to.

    `does` says what it is recognised as (``test``, ``lint``, ``deploy``, …), `words` is the command without what
    only wraps it (`uv run`, `bundle exec`, `docker compose run`). `fatal` says that its failure fails the workflow,
    `certain` that no condition the tree leaves open can skip it, `on_failure` that it runs only after a failure, and
    `despite_jobs` and `despite_steps` that it runs although a job or a step before it failed. `gate` is the line
    coverage in percent below which the command fails; `events` are those that lead here.
    """

    workflow: Workflow
    job: Job
    step: Step
    command: Command | None
    words: tuple[str, ...]
    does: frozenset[str]
    fatal: bool
    certain: bool
    on_failure: bool = False
    despite_jobs: bool = False
    despite_steps: bool = False
    gate: float | None = None
    events: frozenset[str] = frozenset()

    @property
    def counts(self) -> bool:
        """Whether it runs on the ordinary way and its failure is a failure of the workflow."""
        return self.fatal and not self.on_failure

    @property
    def at(self) -> Location:
        """Where the workflow says it: its step, or the command's line in the step's script."""
        path = self.step.path or self.job.path
        if self.command is None or self.command.path is not None:
            return Location(path, self.step.line)
        return Location(path, self.command.line)
