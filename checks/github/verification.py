"""Whether the run that a scorecard names is the run that GitHub knows, with the workflow that the template made."""

from __future__ import annotations

from checks.github.event import Measured
from checks.identity import GRADE, REPAIR
from checks.model import Scorecard


def doubt(card: Scorecard, run: Measured, digest: str | None, expected: str | None) -> str:
    """Return why the scorecard is not one of CI, with the repair; empty when record, run and workflow agree.

    `digest` is that of the grade workflow at the run's commit, as GitHub has it, `expected` that of the grader's copy;
    None where it could not be had.
    """
    said = card.workflow
    if said is None:
        return "the scorecard names no run"
    if (said.repository, said.run_id, said.attempt) != (run.repository, run.run_id, run.attempt):
        return "the scorecard names another run than the one that made it"
    if said.sha != run.sha or said.path != run.path:
        return "the scorecard names another commit or workflow than its run"
    if digest is None or expected is None:
        return f"{GRADE} could not be compared with the template's"
    if digest != expected or said.digest != expected:
        return f"{GRADE} was changed; {REPAIR}"
    return ""
