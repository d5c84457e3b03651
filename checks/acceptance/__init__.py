"""What an acceptance scenario is written with.

A scenario is a pytest function in `templates/<project>/acceptance/`: it talks to the running application from outside
and never imports its code. Its id comes from its place (`test_m4_….py::test_known_rejects` is
``acceptance.m4.known-rejects``), its title from the first line of its docstring, its reason from the assertion that
fails. Fixtures are those of `checks.acceptance.plugin`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from checks.model import Blocked, NotMeasured
from checks.runners.base import BootFailed

__all__ = ["BootFailed", "Mismatch", "blocked", "eventually", "expect", "not_measured", "parallel"]

T = TypeVar("T")


class Mismatch(AssertionError):
    """Something is not as it should be; what was expected and what was found are kept apart for the report."""

    def __init__(self, sentence: str, expected: object, actual: object) -> None:
        super().__init__(f"{sentence}\nexpected: {expected!r}\nactual:   {actual!r}")
        self.sentence, self.expected, self.actual = sentence, expected, actual


def expect(actual: object, expected: object, sentence: str) -> None:
    """Raise Mismatch unless `actual` equals `expected`; `sentence` says what should have happened."""
    if actual != expected:
        raise Mismatch(sentence, expected, actual)


def blocked(reason: str, by: str) -> NoReturn:
    """End the scenario: it can't be judged before the check with the id `by` passes."""
    raise Blocked(reason, by)


def not_measured(reason: str) -> NoReturn:
    """End the scenario: this machine lacks what it takes to find out."""
    raise NotMeasured(reason)


def eventually(function: Callable[[], T], seconds: float, what: str, pause: float = 0.1) -> T:
    """Call `function` until it returns something true, at most `seconds`, and return that.

    Raises Mismatch, with the last value, when it never does.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = function()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Mismatch(f"Within {seconds:g} s: {what}.", "it happens", value)
        time.sleep(pause)


def parallel(functions: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Call all functions at the same moment, a thread each, and return their results, or what they raised, in order."""
    results: list[T | Exception] = [RuntimeError("was not called")] * len(functions)
    barrier = threading.Barrier(len(functions))

    def call(number: int) -> None:
        barrier.wait()
        try:
            results[number] = functions[number]()
        except Exception as problem:  # noqa: BLE001 - it is the result
            results[number] = problem

    threads = [threading.Thread(target=call, args=(n,), daemon=True) for n in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
