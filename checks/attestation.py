"""`check --attest`: somebody else's scorecard, measured again at its commit.

The commit is checked out into a copy of the target, so that nothing lying around in the target counts and the target
stays as it is. What the scorecard claims is compared with what was measured; only the latter is reported.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from checks.model import Assurance, Scorecard, percent
from checks.reports import document
from checks.repository import run_git

LISTED = 10
_SHA = re.compile(r"[0-9a-f]{40}")
_SECONDS = 300


class NotAttested(Exception):
    """The scorecard can't be measured again; the text says why."""


def attested(target: Path, claim: Path, grade: Callable[[Path], Scorecard]) -> Scorecard:
    """Return the scorecard of the claimed commit as `grade` measures it, with the differences among its notes.

    Raises NotAttested when `claim` is no scorecard, or `target` is no repository that has its commit.
    """
    try:
        claimed = document.loads(claim.read_bytes())
    except (OSError, document.ScorecardFormatError) as problem:
        raise NotAttested(f"{claim} is no scorecard: {problem}") from problem
    commit = claimed.subject.commit or ""
    if not _SHA.fullmatch(commit):
        raise NotAttested(f"{claim} names no commit, so nobody can measure it again")
    with _checked_out(target.resolve(), commit) as copy:
        measured = grade(copy)
    return measured._replace(assurance=Assurance.ATTESTED, notes=(*measured.notes, compared(claimed, measured)))


def compared(claimed: Scorecard, measured: Scorecard) -> str:
    """Return in one sentence how far a claim and a measurement agree."""
    before = {finding.id: finding.verdict.state for finding in claimed.findings}
    other = [f.id for f in measured.findings if before.get(f.id) is not f.verdict.state and not f.advisory]
    if not other and claimed.score == measured.score:
        return f"attested: the scorecard of {claimed.graded_at} says the same, {percent(claimed.score)}"
    named = ", ".join(other[:LISTED]) + (f" and {len(other) - LISTED} more" if len(other) > LISTED else "")
    difference = f"; different: {named}" if other else ""
    return f"attested: the scorecard says {percent(claimed.score)}, measured were {percent(measured.score)}{difference}"


@contextmanager
def _checked_out(target: Path, commit: str) -> Iterator[Path]:
    """A clone of `target` at `commit`, gone with the block; it keeps the name and the origin of the target."""
    if run_git(target, "cat-file", "-e", f"{commit}^{{commit}}") is None:
        raise NotAttested(f"{target} does not have the commit {commit[:10]}; fetch it first")
    origin = (
        (run_git(target, "config", "--local", "--get", "remote.origin.url") or b"").decode(errors="replace").strip()
    )
    with tempfile.TemporaryDirectory(prefix="attest-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / target.name
        _git("clone", "--quiet", "--local", "--no-checkout", "--", str(target), str(copy))
        _git("-C", str(copy), "checkout", "--quiet", "--detach", commit)
        if origin:
            _git("-C", str(copy), "remote", "set-url", "--", "origin", origin)
        yield copy


def _git(*arguments: str) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_ALLOW_PROTOCOL": "file", "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise NotAttested(f"git could not check the commit out: {done.stderr.decode(errors='replace').strip()[:300]}")
