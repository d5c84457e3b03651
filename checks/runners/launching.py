"""What the runners of all stacks share when they start a repository's tests and read how that ended."""

from __future__ import annotations

import fcntl
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from checks import sandbox
from checks.sandbox import Box, Completed
from checks.session import Session

INSIDE = Path(__file__).parent / "inside"
"""The grader's own programs that run in a repository's environment."""

# What an installer needs to reach its index, and nothing else of the grader's environment.
PROXY = r"https?_proxy|no_proxy|all_proxy|ssl_cert_file|ssl_cert_dir"
_RESERVED = re.compile(
    r"^(?:PATH|HOME|TMPDIR|SHELL|IFS|ENV|BASH_ENV"
    r"|(?:LD|DYLD|PYTHON|COVERAGE|PYTEST|CHECK|UV|PIP|GIT|RUBYOPT|RUBYLIB|GEM_|BUNDLE_|BUNDLER_|SPEC_OPTS|MT_).*)$"
)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the lock of a cached folder, which needn't exist, so that no other grading makes it at the same time."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_name(f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_folder(session: Session) -> Path:
    """Make the folder of one run, of a name that the code under test can't know."""
    run = session.work / f"run-{secrets.token_hex(8)}"
    (run / "data").mkdir(parents=True)
    (run / "out").mkdir()
    return run


def box_for_tests(
    session: Session, readable: tuple[Path, ...], writable: tuple[Path, ...], services: Mapping[str, str]
) -> Box | None:
    """Return what tests may reach, or None where they can't be isolated; noted for the scorecard.

    Raises NotMeasured when isolation is required and missing.
    """
    if not sandbox.isolated(session):
        return None
    shared = "shared with the machine, since the tests use its services" if services else "off"
    session.note(f"network during the tests: {shared}")
    return Box(readable, writable, network=bool(services))


def ended(done: Completed, session: Session) -> str:
    """Say which limit ended a run, or return an empty text when it ended by itself."""
    if done.timed_out:
        return f"the tests did not end within {session.limits.seconds:g} s and were ended"
    if done.limit:
        bound = {"processes": session.limits.processes, "memory": f"{(session.limits.memory or 0) >> 20} MiB"}
        return f"the tests used more {done.limit} than allowed ({bound[done.limit]}) and were ended"
    return ""


def example_values(folder: Path) -> dict[str, str]:
    """Return the variables that `.env.example` names, with its example values; never one that steers a program."""
    path = folder / ".env.example"
    if not path.is_file() or path.is_symlink():
        return {}
    values: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[:500]:
        match = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$", line)
        if match and not _RESERVED.match(match[1]):
            value = match[2]
            quoted = re.match(r"""(["'])(.*?)\1""", value)
            value = quoted[2] if quoted else re.sub(r"\s+#.*$", "", value)
            if value and "\0" not in value:
                values[match[1]] = value
    return values
