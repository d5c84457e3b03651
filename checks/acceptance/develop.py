"""Runs scenarios against a repository and prints how each ended, for those who write scenarios."""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from checks.acceptance import scenarios
from checks.acceptance.outcome import Outcome, counts
from checks.delivery import cache_folder
from checks.detect import ProjectNotFound, detect
from checks.evidence.acceptance import collect
from checks.model import EvidenceError
from checks.repository import RepositoryError, open_repository
from checks.session import Limits, Session
from scaffolder.errors import ScaffoldError
from scaffolder.projects import find_project

_SIGNS = {Outcome.PASSED: "ok", Outcome.FAILED: "FAIL", Outcome.BLOCKED: "blocked", Outcome.UNKNOWN: "unknown",
          Outcome.CRASHED: "CRASH"}  # fmt: skip


def rehearse(options: Namespace) -> int:
    """Run what `options` name and return an exit code: 0 when every case passed, 2 for what can't be run."""
    try:
        repository = open_repository(options.repo)
        project = find_project(options.project) if options.project else detect(repository)[0]
        folders = [project.acceptance, *([options.acceptance] if options.acceptance else [])]
        known = [scenario.id for scenario in scenarios.read(folders)]
    except (RepositoryError, ProjectNotFound, ScaffoldError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    ids = [
        i for i in known if not options.only or any(i == o or i.startswith(f"acceptance.{o}.") for o in options.only)
    ]
    arguments = ("-k", options.words, "--durations=0") if options.words else ("--durations=0",)
    write = sys.stdout.write
    with tempfile.TemporaryDirectory(prefix="check-", ignore_cleanup_errors=True) as work:
        session = Session(
            project, Path(work), cache_folder(), Limits(), options.sandbox,
            scenarios=tuple(ids), acceptance=options.acceptance, arguments=arguments,
        )  # fmt: skip
        try:
            run = collect(repository, session)
        except EvidenceError as problem:
            write(f"{problem}\n")
            return 1
    for id_, cases in run.cases.items():
        for case in cases:
            name = f"{id_}[{case.name}]" if case.name else id_
            write(f"{_SIGNS[case.outcome]:8} {case.seconds:6.2f} s  {name}\n")
            if case.outcome is not Outcome.PASSED:
                for label in ("reason", "by", "expected", "actual", "request"):
                    if getattr(case, label):
                        write(f"         {label}: {getattr(case, label)}\n")
    ran = counts(run.cases)
    summary = ", ".join(f"{n} {outcome.value}" for outcome, n in ran.items() if n)
    write(f"{summary}; {run.seconds:.1f} s\n")
    if run.problem:
        write(f"{run.problem}\n{run.log}\n")
    return 0 if not run.problem and ran[Outcome.PASSED] == sum(ran.values()) else 1
