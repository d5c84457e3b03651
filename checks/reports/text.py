"""Hostile text made safe to show: what a repository calls its files, and what its tests print.

Each format escapes for its own syntax; this module removes what no format should show.
"""

from __future__ import annotations

import re

# Escape sequences by ECMA-48: strings (OSC, DCS, SOS, PM, APC) up to their terminator, then CSI, then two-character
# ones. An unterminated string ends with the text, as a terminal would swallow the rest.
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*(?:[@-~]|$)"
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
# What reorders, hides or joins text: bidirectional controls (UAX #9), zero-width and invisible characters, variation
# selectors, tag characters, and lone surrogates, which no encoding of a report could write.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SURROGATES = re.compile("[\ud800-\udfff\ufffe\uffff]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SPACES = re.compile(r"\s+")
_COMBINING = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS = re.compile(f"({_COMBINING}{{3}}){_COMBINING}+")
# What a GitHub runner reads as a command in anybody's output: ``::`` first in a line, ``##[`` anywhere. Look-alikes
# of the same width stand for them.
_COMMANDS = re.compile(r"^([ \t]*)::|#(?=#\[)", re.MULTILINE)

REASON = 600
PATH = 160
TITLE = 120


def clean(value: str, limit: int = REASON) -> str:
    """Return `value` as one line of at most `limit` characters that shows what it contains and does nothing else.

    Escape sequences, control, bidirectional and invisible characters go; white space runs become one space; stacks of
    combining marks are cut to three; a cut text ends with an ellipsis.
    """
    # No cut before cleaning can lose text: cleaning shortens, and what is shown is shorter still.
    text = _ESCAPES.sub("", value[: 20 * limit])
    text = _INVISIBLE.sub("", text)
    text = _SURROGATES.sub("\ufffd", text)
    text = _SPACES.sub(" ", _CONTROLS.sub(" ", text)).strip()
    text = without_commands(_MARKS.sub(r"\1", text))
    if len(text) <= limit and len(value) <= 20 * limit:
        return text
    return text[: limit - 1].rstrip() + "…"


def without_commands(text: str) -> str:
    """Return text of any number of lines in which a workflow runner finds no command."""
    return _COMMANDS.sub(lambda found: "♯" if found[1] is None else f"{found[1]}∶∶", text)


def clean_path(value: str, limit: int = PATH) -> str:
    """Return a path as one safe line; a long one loses its middle, since both ends tell which file it is."""
    if len(value) > 20 * limit:
        value = f"{value[: 10 * limit]}…{value[-10 * limit :]}"
    text = clean(value, 20 * limit + 1)
    if len(text) <= limit:
        return text
    tail = limit * 2 // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"
