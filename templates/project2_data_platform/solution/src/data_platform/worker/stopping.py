"""The wish that this worker ends, where long work looks at it."""

from threading import Event

_wish = Event()


class StoppingError(Exception):
    """The worker was asked to end: the work at hand is left to the next one."""


def request() -> None:
    """Ask all work of this process to end at its next check."""
    _wish.set()


def withdraw() -> None:
    """Take the wish back."""
    _wish.clear()


def check() -> None:
    """Raise StoppingError if the worker was asked to end. Call it where nothing is half done."""
    if _wish.is_set():
        raise StoppingError


def wait(seconds: float) -> None:
    """Sleep, but not through the wish to end: then raise StoppingError at once."""
    if _wish.wait(seconds):
        raise StoppingError
