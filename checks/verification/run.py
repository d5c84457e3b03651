"""Runs a verification: makes starter and solution, grades them and each seeded fault, and tells as it goes."""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path

from checks.acceptance import scenarios
from checks.grading import Options, grade
from checks.model import Scorecard, State
from checks.repository import open_repository
from checks.signals import end_cleanly_on_signals
from checks.verification import judge
from checks.verification.faults import BrokenFault, Fault, read
from checks.verification.judge import Outcome
from scaffolder.errors import InvalidProject
from scaffolder.projects import TEMPLATES_VARIABLE, Project, load_projects

STATIC = ("ci", "deploy", "docker", "docs", "infrastructure", "operations", "security", "starter")
_SCAFFOLD = "from scaffolder.cli import main; main()"
Tell = Callable[[Outcome], None]
States = Mapping[str, tuple[State, Fraction]]


def verify(
    folder: Path,
    options: Options,
    tell: Tell,
    *,
    only: Sequence[str] = (),
    sample: int | None = None,
    data: Sequence[str] = (),
    repeat: int = 1,
    jobs: int = 1,
    thorough: bool = False,
) -> bool:
    """Verify the project in `folder` and return whether everything held; `tell` gets each outcome at once.

    `only` restricts it to faults with these names, or whose checks are of these milestones, families or ids; `sample`
    to so many of them, chosen by the commit, so that in time each has its turn. With `repeat` the solution is graded
    so many times and the scorecards are compared. Of behaviour, a fault is graded on its own scenario; `thorough` runs
    all of them on each fault, so that a false alarm of another is seen. `jobs` faults are graded at a time. `data` are
    answers (``key=value``) with which the project is made; the default of each question otherwise.

    Raises InvalidProject when the folder holds no ready project with a solution, BrokenFault and BrokenScenario for
    what cannot be used.
    """
    project = _project(folder)
    known = read(project.faults)
    faults = [f for f in known if not only or _named(f, only)]
    if sample is not None and sample < len(faults):
        faults = _sampled(faults, sample, folder)
    answers = [option for answer in data for option in ("--data", answer)]
    outcomes: list[Outcome] = []

    def note(outcome: Outcome) -> None:
        outcomes.append(outcome)
        tell(outcome)

    if not only:
        note(judge.plan_and_scenarios(project, scenarios.read([project.acceptance])))
    with tempfile.TemporaryDirectory(prefix="check-verify-") as name:
        work = Path(name)
        made = _made(project, work / "solution", "--solution", *answers)
        for fault in known:  # all of them, and before anything takes long
            _apply(made, fault, "--check")
        if not only:
            note(judge.starter(_graded(_made(project, work / "starter", *answers), project, options), project.baseline))
        everything = options if not only else options._replace(only=_needed(faults, thorough=thorough))
        cards = [_graded(made, project, everything) for _ in range(repeat)]
        if not only:
            note(judge.solution(cards[0]))
        if repeat > 1:
            note(judge.repeated(cards))
        before = judge.states(cards[0])
        copies = [_broken(made, work / fault.name, fault) for fault in faults]
        judged = partial(_judged, folder, options._replace(urls={}), before, thorough)
        for outcome in _each(judged, faults, copies, jobs):
            note(outcome)
    return all(outcome.held for outcome in outcomes)


def _judged(
    folder: Path,
    options: Options,
    before: States,
    thorough: bool,
    fault: Fault,
    copy: Path,
) -> Outcome:
    """Grade a copy with a fault in it. Runs in a process of its own where several faults are graded at a time."""
    asked = options._replace(only=_asked(fault, thorough=thorough))
    return judge.fault(fault, before, _graded(copy, _project(folder), asked))


def _each(
    judged: Callable[[Fault, Path], Outcome], faults: Sequence[Fault], copies: Sequence[Path], jobs: int
) -> Iterator[Outcome]:
    """Yield what `judged` says of each fault, in their order; with `jobs` processes where there is more than one."""
    if jobs == 1:
        yield from map(judged, faults, copies)
        return
    # A new interpreter each: a fork would inherit this one's threads and open services.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=end_cleanly_on_signals) as pool:
        try:
            yield from pool.map(judged, faults, copies)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()  # it ends what it has started, then itself
            raise


def _project(folder: Path) -> Project:
    root = folder.absolute().parent
    os.environ[TEMPLATES_VARIABLE] = str(root)  # for every process of this verification
    project = next((p for p in load_projects(root) if p.folder == folder.absolute()), None)
    if project is None or project.status != "ready":
        raise InvalidProject(f"{folder} holds no project that is ready.", "Name a folder with a project.toml.")
    if not project.solution.is_dir() or not project.acceptance.is_dir():
        raise InvalidProject(f"{folder} has no solution/ or no acceptance/.", "Both are needed to verify a project.")
    return project


def _named(fault: Fault, only: Sequence[str]) -> bool:
    milestone = fault.check.split(".")[1] if "." in fault.check else ""
    return any(name in (fault.name, fault.check, milestone) or fault.check.startswith(f"{name}.") for name in only)


def _sampled(faults: Sequence[Fault], number: int, folder: Path) -> list[Fault]:
    """Choose so many faults by the commit that is checked out: the same each time, others with the next."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=False)
    chosen = set(random.Random(head.stdout).sample([f.name for f in faults], number))  # noqa: S311 - no secret
    return [fault for fault in faults if fault.name in chosen]


def _asked(fault: Fault, *, thorough: bool) -> tuple[str, ...]:
    """Return what is graded on a fault: its own kind of evidence, and all that costs next to nothing."""
    family = fault.check.split(".")[0]
    if family == "acceptance":
        return ("acceptance" if thorough else fault.check, *STATIC)
    if fault.check == "tests.strength":
        return ("tests", "coverage", *STATIC)
    if family in ("tests", "coverage"):
        return (*_SUITE, "coverage", *STATIC)
    return STATIC


# All of the family but planted bugs, which take as long as all other checks together.
_SUITE = ("tests.present", "tests.pass", "tests.floor", "tests.assertions", "tests.collected", "tests.skipped",
          "tests.focused", "tests.env-lock", "tests.documented-command")  # fmt: skip


def _needed(faults: Sequence[Fault], *, thorough: bool) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for fault in faults for name in _asked(fault, thorough=thorough)))


def _made(project: Project, destination: Path, *options: str) -> Path:
    command = [sys.executable, "-c", _SCAFFOLD, "new", project.id, str(destination), "--defaults", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InvalidProject(f"`scaffold new {project.id}` failed.", done.stderr.strip() or done.stdout.strip())
    return destination


def _broken(solution: Path, copy: Path, fault: Fault) -> Path:
    _git(solution, "clone", "--quiet", "--no-hardlinks", str(solution), str(copy))
    _apply(copy, fault, "--index")
    return copy


def _apply(folder: Path, fault: Fault, how: str) -> None:
    done = subprocess.run(
        ["git", "apply", how, "--whitespace=nowarn", "-"],
        cwd=folder, input=fault.patch, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BrokenFault(
            f"faults/{fault.name}.patch does not apply to the solution: {done.stderr.strip()}.",
            "Make it again from the solution as it is now.",
        )


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)


def _graded(repository: Path, project: Project, options: Options) -> Scorecard:
    return grade(open_repository(repository), project, options)
