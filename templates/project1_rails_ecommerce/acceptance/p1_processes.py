"""The processes of the shared application: which there are, and which are stopped on purpose."""

from typing import Any, NamedTuple

from checks.runners.processes import Process, Stopped

PROCESSES = ("web", "worker")
IN_HAND: set[str] = set()  # stopped on purpose, in the background: nobody else starts them


class Replaced(NamedTuple):
    """How a process ended when it was told to, and the one in its place, which is ready."""

    stopped: Stopped
    process: Process


def replace(app: Any, name: str) -> Replaced:
    """Tell a process to stop, and start another in its place. Raises BootFailed when that doesn't get ready."""
    IN_HAND.add(name)
    try:
        return Replaced(app.terminate(name), app.start(name))
    finally:
        IN_HAND.discard(name)
