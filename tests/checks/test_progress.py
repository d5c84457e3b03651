"""What is said on standard error while a grading runs."""

import io
import sys

import pytest

from checks.progress import reporting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_nothing_is_said_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with reporting() as progress:
        progress("Running the tests", False)
    assert stream.getvalue() == ""
    with reporting(verbose=True) as progress:
        progress("Running the tests", False)
        progress("Running the tests", True)
    assert stream.getvalue() == "Running the tests …\n"


def test_a_terminal_shows_the_step_that_runs_and_clears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with reporting() as progress:
        progress("Reading workflows", False)
        progress("Running the tests", False)
        progress("Reading workflows", True)
        progress("Running the tests", True)
    shown = stream.getvalue()
    assert "Running the tests" in shown  # the step that was left when the other ended
    assert shown.rstrip("\r\n").endswith("\x1b[2K")  # the line is erased at the end
    assert "\x1b[?25h" in shown  # and the cursor is back


def test_quiet_is_quiet_on_a_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with reporting(quiet=True) as progress:
        progress("Running the tests", False)
    assert stream.getvalue() == ""
