"""The processes of the shared application: which there are, and which are stopped on purpose."""

from typing import Any, NamedTuple

from checks.acceptance import eventually
from checks.runners.processes import READY_SECONDS, STOP_SECONDS, Process, Stopped

PROCESSES = ("api", "admin", "worker", "beat")
REQUIRED = {"api": "SECRET_KEY", "admin": "DATABASE_URL", "worker": "REDIS_URL", "beat": "SECRET_KEY"}
IN_HAND: set[str] = set()  # stopped on purpose, in the background: nobody else starts them


class Replaced(NamedTuple):
    """How a process ended when it was told to, and the one in its place, which is ready."""

    stopped: Stopped
    process: Process


def at_hand(name: str) -> None:
    """Wait until nobody stops or replaces a process."""
    eventually(lambda: name not in IN_HAND, STOP_SECONDS + READY_SECONDS, f"{name} is replaced")


def replace(app: Any, name: str) -> Replaced:
    """Tell a process to stop, and start another in its place. Raises BootFailed when that doesn't get ready."""
    IN_HAND.add(name)
    try:
        return Replaced(app.terminate(name), app.start(name))
    finally:
        IN_HAND.discard(name)
