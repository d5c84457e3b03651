from __future__ import annotations

import time

import pytest

from checks.reports.text import clean, clean_path

from .samples import HOSTILE


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil.example\x07here\x1b]8;;\x07", "here"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("before\x1b]52;c;never ended", "before"),
        ("\x9b2Jwiped", "wiped"),
        ("a\x1b(Bb\x1bc", "ab"),
        ("a\x00b\x08c\x7fd\x85e", "a b c d e"),
        ("two\r\nlines\u2028three", "two lines three"),
        ("\u202etxt.exe\u2066", "txt.exe"),
        ("z\u200be\u2060r\ufeffo\U000e0041", "zero"),
        ("\ud800broken", "\ufffdbroken"),
        ("Zo\u0308e\u0301", "Zo\u0308e\u0301"),
        ("z" + "\u0336" * 50, "z" + "\u0336" * 3),
        ("::error::x ::y", "∶∶error::x ::y"),
        ("##[error]x", "♯#[error]x"),
        ("päth/日本.py", "päth/日本.py"),
    ],
)
def test_what_acts_on_a_reader_or_terminal_is_removed(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert clean("word " * 1000, 20) == "word word word word…"
    assert len(clean("x" * 5000, 600)) == 600


def test_a_text_that_hides_behind_much_rubbish_is_marked_as_cut() -> None:
    assert clean("\x1b[0m" * 10_000 + "end", 10) == "…"


def test_a_long_path_keeps_both_ends() -> None:
    shown = clean_path("src/" + "very/" * 100 + "deep/module.py", 60)
    assert len(shown) == 60
    assert shown.startswith("src/very")
    assert shown.endswith("deep/module.py")


@pytest.mark.parametrize("unit", ["\x1b]", "\x1b[", "\u0301", " \x00", "\x1b", "\x9d"])
def test_cleaning_a_megabyte_takes_no_time(unit: str) -> None:
    begun = time.perf_counter()
    clean(unit * 500_000)
    assert time.perf_counter() - begun < 0.5


def test_the_hostile_sample_holds_nothing_but_printable_text_afterwards() -> None:
    assert clean(HOSTILE, 5000).isprintable()
