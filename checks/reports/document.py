"""The scorecard as a JSON document: what the cache keeps, what a workflow uploads, what other tools read.

Shares and points are exact, as text ``"n/d"`` in lowest terms; beside each stands a number for people, rounded down
(`percent`, `points`). The document loses nothing: `from_document(to_document(card)) == card`. Its schema is
``scorecard.schema.json`` beside this module.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from checks.model import Scorecard
from checks.reports._node import Node, ScorecardFormatError, first_difference
from checks.reports._read import read_scorecard
from checks.reports._write import VERSION, to_document

__all__ = ["LIMIT", "ScorecardFormatError", "from_document", "loads", "render", "schema", "to_document"]

# Characters of a document that `loads` reads: about seven times that of a project with 20,000 files.
LIMIT = 32 * 1024 * 1024

_NUMBERS = re.compile(r"\[\n\s+(\d+(?:,\n\s+\d+)*)\n\s+\]")
_BREAKS = re.compile(r",\n\s+")


def render(scorecard: Scorecard) -> str:
    """Return the document as ASCII JSON text: nothing in it can act on a terminal, and any encoding can write it."""
    text = json.dumps(to_document(scorecard), indent=2, allow_nan=False)
    # Line numbers on one line each would be most of the file. No string holds a raw newline, so none is changed.
    return _NUMBERS.sub(lambda found: f"[{_BREAKS.sub(', ', found[1])}]", text) + "\n"


def loads(text: str | bytes) -> Scorecard:
    """Return the scorecard of a JSON text that may come from anybody.

    Raises ScorecardFormatError when it is too large, not JSON, or not a scorecard.
    """
    if len(text) > LIMIT:
        raise ScorecardFormatError("", f"is larger than {LIMIT:,} characters")
    try:
        data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates)
    except (ValueError, RecursionError) as error:
        raise ScorecardFormatError("", f"is not JSON: {error}") from error
    return from_document(data)


def schema() -> dict[str, Any]:
    """Return the published JSON Schema (2020-12) of the document."""
    text = Path(__file__).with_name("scorecard.schema.json").read_text("utf-8")
    result: dict[str, Any] = json.loads(text)
    return result


def from_document(data: object) -> Scorecard:
    """Return the scorecard that `to_document` made `data` of.

    Raises ScorecardFormatError, naming the JSON pointer, for anything else: a missing, unknown or mistyped member, a
    share that is not exact, and a figure for people that contradicts the exact one.
    """
    root = Node(data)
    version = root["schema"].integer()
    if version != VERSION:
        root["schema"].refuse(f"is {version}, and this version reads {VERSION}")
    scorecard = read_scorecard(root)
    seen: set[str] = set()
    for index, finding in enumerate(scorecard.findings):
        if finding.id in seen:
            raise ScorecardFormatError(f"/findings/{index}/id", "names a check twice")
        seen.add(finding.id)
    different = first_difference(data, to_document(scorecard))
    if different is not None:
        raise different
    return scorecard


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object names a member twice")
    return members
